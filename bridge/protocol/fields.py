"""Reading one field of a parsed JSON object, tolerantly where it costs nothing and strictly where money hangs on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from bridge.errors import ProtocolError

_LARGEST: Final = 1 << 53
"""Beyond this, JSON's readers no longer agree (RFC 8259, section 6)."""

Wire = dict[str, object]
"""A JSON object, ready to be encoded or just parsed."""


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Return `value` as a read-only object, or raise `ProtocolError` naming `what` it should have been."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ProtocolError(f"{what} should be an object, but is {described(value)}.")
    return MappingProxyType(dict(cast("Mapping[str, object]", value)))


def integer(value: object, what: str) -> int:
    """Return a whole number of at most 53 bits, also one written as 350.0 or "350"; else raise `ProtocolError`."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST:
        return int(value)
    if isinstance(value, str) and len(value) <= 15 and value.isascii() and value.isdigit():
        return int(value)
    raise ProtocolError(f"{what} should be a whole number, but is {described(value)}.")


def text(value: object, what: str) -> str:
    """Return a string that is not blank, or raise `ProtocolError`."""
    if not isinstance(value, str) or not value.strip():
        raise ProtocolError(f"{what} should be a text, but is {described(value)}.")
    return value


def optional_text(value: object) -> str:
    """Return a string, "" for anything else: for what is only shown."""
    return value if isinstance(value, str) else ""


def optional_number(value: object) -> float | None:
    """Return a finite number that is not negative, None for anything else: for what is only shown."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < math.inf else None


def others(fields: Mapping[str, object], known: frozenset[str]) -> Mapping[str, object]:
    """Return the fields that nothing here knows, to be shown and never relied upon."""
    return MappingProxyType({key: value for key, value in fields.items() if key not in known})


def one_line(words: str, limit: int = 200) -> str:
    """Return a stranger's words as they may stand in a message: on one line, printable, not too long."""
    return "".join(char if char.isprintable() else " " for char in words[: 2 * limit]).strip()[:limit]


def described(value: object) -> str:
    """Describe a wrong value briefly and without line breaks: it came from a stranger."""
    if value is None:
        return "missing"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
