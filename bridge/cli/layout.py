"""How lines fit a terminal. Nothing here prints: widths go in, widths and text come out, all in terminal cells."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

_FIXED = 4 + 7 + 4
"""Percentage, time left, and a blank after each of the first four columns."""
_WIDE_TERMINAL = 60
_SHORTEST_BAR, _WIDE_BAR, _LONGEST_BAR = 8, 15, 40
_SHORTEST_STEP, _SHORTEST_SONG = 6, 4


class BarWidths(NamedTuple):
    """The widths of the columns that can give way; `step` 0 leaves it out."""

    song: int
    bar: int
    step: int


def bar_widths(terminal: int, song: int, step: int) -> BarWidths:
    """Share a terminal's width among the longest `song` and `step`: first the step is shortened, then the song."""
    bar = _WIDE_BAR if terminal >= _WIDE_TERMINAL else _SHORTEST_BAR
    room = max(terminal - _FIXED - bar, _SHORTEST_SONG)
    over = max(0, song + step - room)
    cut = min(over, max(0, step - _SHORTEST_STEP))
    step -= cut
    song = max(_SHORTEST_SONG, song - (over - cut)) if over > cut else song
    if song + step > room:
        step = max(0, room - song)
    return BarWidths(song, min(_LONGEST_BAR, bar + max(0, room - song - step)), step)


def fitted(text: str, width: int) -> str:
    """Return text in exactly `width` cells: padded, or cut with an ellipsis."""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, max(0, width - 1)) + "…"[:width]


def shortened_path(text: str, width: int) -> str:
    """Return text in at most `width` cells: its middle is left out, since a path's end tells more than its middle."""
    if cell_len(text) <= width:
        return text
    end = max(0, (width - 1) * 2 // 3)
    return set_cell_size(text, max(0, width - 1 - end)) + "…" + text[len(text) - end :]
