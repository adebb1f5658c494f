"""Turns names of stems that a server sent into safe file names. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 48
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789"]
)
"""Names that mean a device on Windows ("Naming Files, Paths, and Namespaces", Microsoft Learn)."""


def stem_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the stem's name for each key: no two alike on any disk, and each safe as the whole of a file's name.

    The documented keys stay as they are; nothing in a key can be a path, a device, or hidden.

    >>> stem_names(["lead_vocals", "../../etc/passwd", "AUX", "aux"])
    {'lead_vocals': 'lead_vocals', '../../etc/passwd': 'etc_passwd', 'AUX': 'aux_', 'aux': 'aux__2'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        first = name = _safe(key)
        count = 1
        while name in taken:
            count += 1
            name = f"{first}_{count}"
        taken.add(name)
        names[key] = name
    return names


def _safe(key: str) -> str:
    # Letters and digits of any script; everything else separates words. Lower case, so that no disk takes two for one.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key[:1024]).casefold())
    words = "".join(char if char.isalnum() else " " for char in folded).split()
    name = "_".join(words)
    while len(name.encode()) > LONGEST:
        name = name[:-1]
    name = name.strip("_") or "stem"
    return f"{name}_" if name in _DEVICES else name
