"""The project that is open in Audacity: its tracks, and what an import does to them."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from scripts.audacity.pipe import QUICK_S, Pipe
from scripts.audacity.trouble import Trouble

_SLOWEST_BYTES_S: Final = 4_000_000
"""Audacity copies a stem into the project; a slow disk takes that long."""

_TRACK = re.compile(
    r'\{ "name":"(?P<name>.*)", "focused":\d, "selected":\d, "kind":"(?P<kind>\w+)"'
    r'(?:, "start":(?P<start>[^,]+), "end":(?P<end>[^,]+),)?'
)


class Track(NamedTuple):
    """One track, as Audacity tells of it: times in seconds, to six digits."""

    name: str
    kind: str
    """"wave", "label", ..."""
    start_s: float
    end_s: float


def tracks_in(answer: str) -> list[Track]:
    """Read the answer to `GetInfo: Type=Tracks`. It looks like JSON, but a backslash in a name is not escaped in it.

    >>> tracks_in('{ "name":"a\\\\b", "focused":0, "selected":0, "kind":"label" } ]')[0].name
    'a\\\\b'
    """
    return [
        Track(found["name"].replace('\\"', '"'), found["kind"], float(found["start"] or 0), float(found["end"] or 0))
        for found in _TRACK.finditer(answer)
    ]


def spoken(name: str) -> str:
    """Return a track's name as Audacity can take it: on one line, and without backslashes, which it misreads."""
    return " ".join(name.replace("\\", "/").split())


def sendable(path: PurePath) -> str:
    """Return a file's path as Audacity can take it: with slashes only, which do on Windows, too.

    Audacity makes a line break of every backslash before an n, also of a doubled one: so no escaping would save a
    folder "night". Raises Trouble where the path has a backslash or a line break that is no separator.
    """
    text = path.as_posix()
    if any(char in text for char in "\\\r\n"):
        shown = " ".join(text.splitlines())
        raise Trouble(f"Audacity cannot open a path with a backslash or a line break in it: rename {shown}")
    return text


class Project:
    """What can be asked of Audacity's open project. Every method raises a Trouble where it can't be done."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def tracks(self) -> list[Track]:
        return tracks_in(self._pipe.ask("GetInfo: Type=Tracks Format=JSON"))

    def set_rate(self, rate: int) -> None:
        self._pipe.ask(f"SetProject: Rate={rate}")

    def add_labels(self) -> None:
        """Add a label track, the last one. One undo step."""
        self._pipe.ask("NewLabelTrack:")

    def add_audio(self, path: Path) -> None:
        """Add a file as the last track, at the beginning of the time line. One undo step."""
        patience_s = QUICK_S + path.stat().st_size / _SLOWEST_BYTES_S
        self._pipe.ask(f"Import2: Filename={_quoted(sendable(path))}", patience_s)

    def name(self, track: int, name: str) -> None:
        """Name a track. Not an undo step, and forgotten where one before it is undone and done again."""
        # Whatever its parameter says, the command works on the tracks that are selected.
        self._select(track, 1)
        self._pipe.ask(f"SetTrack: Track={track} Name={_quoted(spoken(name))}")

    def name_and_place(self, track: int, name: str, start_s: float, colour: int) -> None:
        """Also move the clip at the time line's beginning, and give it one of Audacity's four colours."""
        self.name(track, name)
        self._pipe.ask(f"SetClip: At=0 Start={start_s!r} Color=Color{colour}")

    def copy(self, first: int, count: int, end_s: float) -> None:
        """Put tracks on Audacity's clipboard."""
        self._select(first, count)
        self._pipe.ask(f"SelectTime: Start=0 End={end_s!r} RelativeTo=ProjectStart")
        self._pipe.ask("Copy:")

    def paste(self) -> None:
        """Add what is on the clipboard as the last tracks. One undo step."""
        self._pipe.ask("SelectNone:")
        self._pipe.ask("SelectTime: Start=0 End=0 RelativeTo=ProjectStart")
        self._pipe.ask("Paste:")

    def undo(self) -> None:
        self._pipe.ask("Undo:")

    def remove(self, first: int, count: int) -> None:
        """Remove tracks. One undo step."""
        self._select(first, count)
        self._pipe.ask("RemoveTracks:")

    def _select(self, first: int, count: int) -> None:
        self._pipe.ask(f"SelectTracks: Track={first} TrackCount={count} Mode=Set")


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
