"""The clips of the simulated Live in `live_double`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

if TYPE_CHECKING:
    from tests.scripts.ableton.live_double import Studio


def _extent(path: str) -> tuple[int, float]:
    """A clip stays in the set when its file is gone."""
    if not Path(path).exists():
        return 0, 44_100.0
    info = soundfile.info(path)
    return int(info.frames), float(info.samplerate)


class Labelled:
    """What a clip and a track have in common: a name and a colour."""

    _studio: Studio
    _name: str
    _color: int

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._studio.change()
        self._name = name

    @property
    def color(self) -> int:
        return self._color

    @color.setter
    def color(self, color: int) -> None:
        self._studio.change()
        assert type(color) is int, "Boost takes no other number"
        self._color = color


class Clip(Labelled):
    def __init__(self, studio: Studio, path: str, start: float | None, tempo: float) -> None:
        self._studio = studio
        self._name = Path(path).stem
        self._color = 0
        self._warping = True
        self.sample_length, self.sample_rate = _extent(path)
        self._length = self.sample_length / self.sample_rate
        self._start_marker = self._shown_marker = 0.25  # an automatic warp begins at what it takes for a beat
        self._ends = {"end_marker": 0.9 * self._length, "loop_end": 0.9 * self._length}
        self._shown_ends = dict(self._ends)
        self.file_path = path
        self.is_audio_clip = True
        self.is_arrangement_clip = start is not None
        self.start_time = start or 0.0
        self.tempo = tempo

    @property
    def start_marker(self) -> float:
        return self._shown_marker

    @start_marker.setter
    def start_marker(self, value: float) -> None:
        self._studio.change()
        self._start_marker = self._shown_marker = value

    @property
    def end_marker(self) -> float:
        return self._shown_ends["end_marker"]

    @end_marker.setter
    def end_marker(self, value: float) -> None:
        self._end("end_marker", value)

    @property
    def loop_end(self) -> float:
        return self._shown_ends["loop_end"]

    @loop_end.setter
    def loop_end(self, value: float) -> None:
        self._end("loop_end", value)

    def _end(self, marker: str, value: float) -> None:
        self._studio.change()
        if self._studio.keeps_ends:
            raise RuntimeError("The end cannot be set")
        self._ends[marker] = min(value, self._length)
        self._studio.unsettled.append(self)

    @property
    def warping(self) -> bool:
        return self._warping

    @warping.setter
    def warping(self, on: bool) -> None:
        self._studio.change()
        if not self._studio.keeps_warp:
            self._warping = on
            self._start_marker = 0.25 if on else 0.0
            self._studio.unsettled.append(self)

    def settle(self) -> None:
        self._shown_marker = self._start_marker
        self._shown_ends = dict(self._ends)


class MidiClip:
    """A clip of notes: what is only for audio does not apply."""

    name = "Notes"
    is_audio_clip = False
    is_arrangement_clip = True

    @property
    def file_path(self) -> str:
        raise RuntimeError("This property is only available for audio clips")
