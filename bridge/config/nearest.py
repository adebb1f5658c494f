"""Finds the name that a misspelt one probably means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the name most like `word`, or "" when none reaches `cutoff` (0 to 1, see difflib's `ratio`)."""
    by_folded = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[found[0]] if found else ""


def did_you_mean(word: str, names: Iterable[str], around: str = "{}") -> str:
    """Return the closing clause of a message (", did you mean port?"), or "" when no name is near.

    `around` is a format for the name, such as "[{}]" for a section.
    """
    name = nearest(word, names)
    return f", did you mean {around.format(name)}?" if name else ""
