"""What published files are called: 48 random hexadecimal digits, when their time is over, and the ending.

Nothing of the song, nothing that could be guessed; and whatever a killed bridge left behind tells by its name until
when it was meant to be there.
"""

from __future__ import annotations

import re
import secrets

_RANDOM_BYTES = 24
"""192 bits, as many as a session token: searching for it over a network is hopeless."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}", re.ASCII)
_NAME = re.compile(r"[0-9a-f]{48}-(\d{1,12})(?:\.[a-z0-9]{1,5})?", re.ASCII)

_CONTENT_TYPES = {".flac": "audio/flac", ".wav": "audio/wav"}


def unguessable(name: str, expires: int) -> str:
    """Return a new name that keeps the ending of `name` and tells when (POSIX seconds) it is over."""
    return f"{secrets.token_hex(_RANDOM_BYTES)}-{expires}{_suffix(name)}"


def expiry(name: str) -> int | None:
    """Return when (POSIX seconds) a file of this name is over; None for a name that none of our files has."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def found_in(text: str) -> frozenset[str]:
    """Return every name of ours that appears in a listing, whatever its format."""
    return frozenset(match[0] for match in _NAME.finditer(text))


def content_type(name: str) -> str:
    """Return the media type that belongs to a file name's ending."""
    return _CONTENT_TYPES.get(_suffix(name), "application/octet-stream")


def _suffix(name: str) -> str:
    dot, ending = name.rpartition(".")[1:]
    candidate = (dot + ending).lower()
    return candidate if _SUFFIX.fullmatch(candidate) else ""
