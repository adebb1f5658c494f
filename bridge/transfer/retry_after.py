"""Read the Retry-After header of HTTP."""

from __future__ import annotations

import datetime
import email.utils
from typing import Final

LONGEST_OBEYED_S: Final = 3600.0
"""A Retry-After beyond this is taken for a mistake."""


def retry_after(header: str, now: float) -> float | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3): seconds, or a date; `now` in seconds since the epoch.

    Returns the seconds to wait, at most `LONGEST_OBEYED_S`; None where the header is neither.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0.0), retry_after("soon", 0.0)
    (120.0, 60.0, None)
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_OBEYED_S) if len(text) <= 9 else LONGEST_OBEYED_S
    try:
        at = email.utils.parsedate_to_datetime(text)
        aware = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
        return min(max(0.0, aware.timestamp() - now), LONGEST_OBEYED_S)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None  # text, or a date beyond all calendars
