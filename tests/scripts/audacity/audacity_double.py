"""Audacity's pipes and project as the real one (3.2.4) was seen to behave, for what the real one is too slow for."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_COMMAND = re.compile(r"(\w+):\s*(.*)", re.DOTALL)
_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))')


def unescaped(text: str) -> str:
    """In the order of its `CommandParameters::Unescape`: a line break also where the backslash was a doubled one."""
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


class Killed(BaseException):
    """The importer died here."""


@dataclass
class OneTrack:
    name: str
    kind: str
    start: float = 0.0


@dataclass
class AudacityDouble:
    """Its project with the history, and what it says. `Wires` to a pipe as well."""

    tracks: list[OneTrack] = field(default_factory=list)
    selected: range = range(0)
    clipboard: list[OneTrack] = field(default_factory=list)
    history: list[list[OneTrack]] = field(default_factory=lambda: [[]])
    now: int = 0
    to_say: bytes = b""
    said: list[str] = field(default_factory=list)
    refused: str = ""
    before_command: Callable[[str], None] = lambda command: None
    deaf: bool = False
    imported: list[str] = field(default_factory=list)

    # The wires.

    def send(self, line: bytes) -> None:
        command = line.decode()
        self.before_command(command)
        self.said.append(command)
        if self.deaf:
            return
        text = self.obey(command)
        end = "OK" if text is not None else "Failed!"
        self.to_say += f"{text or ''}\nBatchCommand finished: {end}\n\n".encode()

    def receive(self, deadline: float) -> bytes:
        # In pieces, as pipes may give it.
        piece, self.to_say = self.to_say[:7], self.to_say[7:]
        return piece

    def close(self) -> None:
        self.to_say = b""

    # The project.

    def obey(self, command: str) -> str | None:
        found = _COMMAND.fullmatch(command)
        assert found is not None, command
        values = {key: unescaped(text) or bare for key, text, bare in _PARAMETER.findall(found[2])}
        if self.refused and found[1] == self.refused:
            return None
        act = getattr(self, f"do_{found[1].lower()}", None)
        return (act(values) if act else None) or ""

    def push(self) -> None:
        self.history[self.now + 1 :] = [copy.deepcopy(self.tracks)]
        self.now += 1

    def do_message(self, values: dict[str, str]) -> str:
        return values["Text"]

    def do_getinfo(self, values: dict[str, str]) -> str:
        return "[ " + ",\n".join(self.told(track) for track in self.tracks) + " ]"

    @staticmethod
    def told(track: OneTrack) -> str:
        name = track.name.replace('"', '\\"')
        row = f'{{ "name":"{name}", "focused":0, "selected":0, "kind":"{track.kind}"'
        times = f', "start":{track.start:.6g}, "end":{track.start + 1:.6g}, "pan":0'
        return row + (times if track.kind == "wave" else "") + " }"

    def do_newlabeltrack(self, values: dict[str, str]) -> None:
        self.tracks.append(OneTrack(f"Labels {len(self.tracks) + 1}", "label"))
        self.push()

    def do_import2(self, values: dict[str, str]) -> None:
        self.imported.append(values["Filename"])
        self.tracks.append(OneTrack(Path(values["Filename"]).stem, "wave"))
        self.push()

    def do_selecttracks(self, values: dict[str, str]) -> None:
        first = int(values["Track"])
        self.selected = range(first, first + int(values["TrackCount"]))

    def do_settrack(self, values: dict[str, str]) -> None:
        # Its parameter Track is passed over.
        for track in self.selected:
            self.tracks[track].name = values["Name"]

    def do_setclip(self, values: dict[str, str]) -> None:
        for track in self.selected:
            self.tracks[track].start = float(values["Start"])

    def do_copy(self, values: dict[str, str]) -> None:
        self.clipboard = copy.deepcopy([self.tracks[track] for track in self.selected])

    def do_selectnone(self, values: dict[str, str]) -> None:
        self.selected = range(0)

    def do_paste(self, values: dict[str, str]) -> None:
        assert not self.selected
        self.tracks += copy.deepcopy(self.clipboard)
        self.push()

    def do_removetracks(self, values: dict[str, str]) -> None:
        del self.tracks[self.selected.start : self.selected.stop]
        self.push()

    def do_undo(self, values: dict[str, str]) -> None:
        assert self.now > 0, "the real one opens a dialog: nothing to undo"
        self.now -= 1
        self.tracks = copy.deepcopy(self.history[self.now])

    def do_redo(self, values: dict[str, str]) -> None:
        self.now += 1
        self.tracks = copy.deepcopy(self.history[self.now])
