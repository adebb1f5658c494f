"""Keeping secrets of URLs out of the log."""

from __future__ import annotations

import logging
from typing import Final

_TALKATIVE: Final = ("httpx", "httpcore", "uvicorn")


def quiet_http_logs() -> None:
    """Let HTTP libraries log warnings only: below that they write whole URLs, and a signed URL is a secret."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
