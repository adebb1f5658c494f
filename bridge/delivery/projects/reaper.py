"""REAPER's project (.RPP) and track template (.RTrackTemplate): a folder track with one track a stem.

The format is REAPER's own text of nested blocks, which its makers do not document; names and values are those that
REAPER itself writes ("State Chunk Definitions", ReaTeam). How strings are quoted is that of WDL's projectcontext.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.delivery.projects.layout import Layout, Track

_SOURCES = {"wav": "WAVE", "flac": "FLAC"}
_CUSTOM_COLOUR = 0x1000000
_OPENS, _INSIDE, _CLOSES = "1 1", "0 0", "2 -1"
"""ISBUS: this track opens a folder; lies in one or in none; is the last of its folder."""


def write_project(layout: Layout, path: Path) -> None:
    """Write a project that refers to the stems beside it. Raises `OSError`."""
    _write(path, _project(layout))


def write_track_template(layout: Layout, path: Path) -> None:
    """Write the same tracks as a template, which REAPER adds to the project that is open. Raises `OSError`."""
    _write(path, _tracks(layout))


def quoted(text: str) -> str:
    r"""Return a string as REAPER reads it: in the first quotes that are not in it, since it knows no escapes.

    Text with all three kinds of quotes loses its backticks to apostrophes; no file has such a name, as " is not safe.

    >>> print(quoted("Mix"), quoted('12" mix'), quoted("Rock 'n' \"Roll\""))
    "Mix" '12" mix' `Rock 'n' "Roll"`
    """
    quote = next((mark for mark in "\"'`" if mark not in text), "")
    return f"{quote}{text}{quote}" if quote else "`" + text.replace("`", "'") + "`"


def _project(layout: Layout) -> Iterator[str]:
    # No time of day: rendered again after a crash, the file must have the same bytes.
    yield '<REAPER_PROJECT 0.1 "6.0" 0'
    yield f"SAMPLERATE {layout.sample_rate} 1 0"
    if layout.tempo is not None:
        yield f"TEMPO {layout.tempo:.10g} 4 4"
    yield from _tracks(layout)
    yield ">"


def _tracks(layout: Layout) -> Iterator[str]:
    channels = max(track.channels for track in layout.tracks)
    yield from ("<TRACK", f"NAME {quoted(layout.song)}", f"ISBUS {_OPENS}", _channels(channels), ">")
    for track in layout.tracks:
        yield from ("<TRACK", f"NAME {quoted(track.name)}", f"PEAKCOL {_native(track.colour)}")
        yield f"ISBUS {_CLOSES if track is layout.tracks[-1] else _INSIDE}"
        yield _channels(track.channels)
        yield from _item(track, layout.start)
        yield ">"


def _item(track: Track, start: str) -> Iterator[str]:
    yield from ("<ITEM", f"POSITION {start}", f"LENGTH {track.seconds}", "LOOP 0", f"NAME {quoted(track.name)}")
    yield from (f"<SOURCE {_SOURCES[track.container]}", f"FILE {quoted(track.file)}", ">")
    yield ">"


def _channels(count: int) -> str:
    """Return the line that makes a track wide enough: REAPER's tracks have an even number of channels."""
    return f"NCHAN {count + count % 2}"


def _native(colour: int) -> int:
    """Return 0xRRGGBB as REAPER keeps it: blue and red change places, and a bit says that it counts."""
    red, green, blue = colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
    return blue << 16 | green << 8 | red | _CUSTOM_COLOUR


def _write(path: Path, lines: Iterator[str]) -> None:
    depth = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            depth -= line == ">"
            file.write("  " * depth + line + "\n")
            depth += line.startswith("<")
