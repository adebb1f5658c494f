"""A stand-in for Ableton Live's `Live` module and set, for Live cannot run here. It proves nothing about the real one.

What it does is written down of the real one, and it fails where that does: Live's own docstrings (positional arguments
only, Track.create_audio_clip on frozen tracks, MIDI tracks, files that are no audio, positions after 1,576,800 beats;
None in place of a clip before 12.2), and what others have measured with Live 12.4: clips come warped, a clip tells of
its new extent only a tick after it was unwarped or its end was set, nothing may be changed while a notification runs,
a property that does not apply raises RuntimeError. What Live makes of the end of a clip that it had warped on its own
is not known: here it is wrong. A new track is the musician's default audio track, and this one has saved one.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import soundfile

from tests.scripts.ableton.live_clips import Clip, Labelled

LAST_BEAT = 1_576_800.0


class LimitationError(Exception):
    """Live.Base.LimitationError."""


class Studio:
    """One running Live."""

    def __init__(self, version: tuple[int, int, int] = (12, 2, 0)) -> None:
        self.version = version
        self.track_limit = 100
        self.in_notification = False
        self.keeps_warp = self.loses_data = self.misplaces = False
        self.keeps_devices = self.keeps_ends = False
        self.returns_none = version < (12, 2, 0)
        self.makes_nothing = False
        self.shown: list[str] = []
        self.logged: list[str] = []
        self.unsettled: list[Clip] = []
        self.song_now = Song(self)

    def change(self) -> None:
        if self.in_notification:
            raise RuntimeError("Changes cannot be triggered by notifications. You will need to defer your response.")

    @contextmanager
    def notification(self) -> Iterator[None]:
        self.in_notification = True
        try:
            yield
        finally:
            self.in_notification = False

    def tick(self, surface: Any) -> None:
        """What Live does ten times a second."""
        for clip in self.unsettled:
            clip.settle()
        self.unsettled.clear()
        surface.update_display()

    def module(self) -> types.ModuleType:
        module = types.ModuleType("Live")
        major, minor, bugfix = self.version
        application = types.SimpleNamespace(
            get_major_version=lambda: major, get_minor_version=lambda: minor, get_bugfix_version=lambda: bugfix
        )
        module.Application = types.SimpleNamespace(  # type: ignore[attr-defined]
            get_application=lambda: application
        )
        return module

    # c_instance

    def song(self) -> Song:
        return self.song_now

    def show_message(self, text: str, /) -> None:
        assert isinstance(text, str)
        self.shown.append(text)

    def log_message(self, text: str, /) -> None:
        self.logged.append(text)


@dataclass(eq=False)
class Slot:
    studio: Studio
    track: Track
    clip: Clip | None = None

    def __post_init__(self) -> None:
        if self.studio.version >= (12, 0, 5):
            self.create_audio_clip = self._create_audio_clip

    def _create_audio_clip(self, path: str, /) -> Clip:
        self.studio.change()
        if self.track.is_midi:
            raise RuntimeError("Clip slot doesn't belong to an audio track")
        if self.clip is not None:
            raise RuntimeError("Clip slot already has a clip")
        self.clip = self.track.clip_of(path, None)
        return self.clip


class Parameter:
    """A fader or a knob of the mixer, as the musician's default audio track has it."""

    def __init__(self, studio: Studio, value: float, default_value: float) -> None:
        self._studio = studio
        self._value = value
        self.default_value = default_value

    @property
    def value(self) -> float:
        return self._value

    @value.setter
    def value(self, value: float) -> None:
        self._studio.change()
        if not self._studio.keeps_devices:
            self._value = value


class Track(Labelled):
    def __init__(self, studio: Studio, name: str, *, is_midi: bool = False) -> None:
        self._studio = studio
        self._name = name
        self._color = 0
        self._data: dict[str, object] = {}
        self.is_midi = is_midi
        self.is_frozen = False
        self.devices = ["Compressor", "EQ Eight"]
        self.mixer_device = types.SimpleNamespace(
            volume=Parameter(studio, 0.7, 0.85),
            panning=Parameter(studio, 0.1, 0.0),
            sends=[Parameter(studio, 0.3, 0.0)],
        )
        self.arrangement_clips: list[Clip] = []
        self.clip_slots = [Slot(studio, self) for _ in range(4)]
        if studio.version >= (11, 3, 0):
            self.create_audio_clip = self._create_audio_clip

    def delete_device(self, index: int, /) -> None:
        self._studio.change()
        if not self._studio.keeps_devices:
            del self.devices[index]

    def clip_of(self, path: str, start: float | None) -> Clip:
        try:
            soundfile.info(path)
        except soundfile.LibsndfileError:
            raise ValueError("The provided path does not appear to point to a valid audio file") from None
        return Clip(self._studio, path, start, self._studio.song_now.tempo)

    def _create_audio_clip(self, path: str, position: float, /) -> Clip | None:
        self._studio.change()
        if self.is_midi:
            raise RuntimeError("Audio clips can only be created on audio tracks")
        if self.is_frozen:
            raise RuntimeError("Clips can't be created on frozen tracks")
        assert type(position) is float
        if not 0 <= position <= LAST_BEAT:
            raise RuntimeError("The specified time is outside the arrangement")
        if self._studio.makes_nothing:
            return None
        clip = self.clip_of(path, position + (1.0 if self._studio.misplaces else 0.0))
        self.arrangement_clips.append(clip)
        return None if self._studio.returns_none else clip

    def set_data(self, key: str, value: object, /) -> None:
        self._studio.change()
        if not self._studio.loses_data:
            self._data[key] = value

    def get_data(self, key: str, default: object, /) -> object:
        return self._data.get(key, default)


@dataclass(eq=False)
class View:
    song: Song
    selected_track: Any = None
    detail_clip: Any = None
    selected_scene: Any = None


@dataclass(eq=False)
class Song:
    studio: Studio
    tempo: float = 120.0
    is_playing: bool = False
    record_mode: bool = False
    file_path: str = "/songs/One Project/One.als"
    open_steps: int = 0
    undo_steps: list[list[Track]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._live_ptr = id(self)
        self._tracks = [Track(self.studio, "1-MIDI", is_midi=True), Track(self.studio, "2-Audio")]
        self.scenes = ["1", "2", "3", "4"]
        self.view = View(self, self._tracks[0], None, self.scenes[1])
        self.tempo_automation = 0
        mixer = types.SimpleNamespace(song_tempo=types.SimpleNamespace(automation_state=0))
        self.master_track = types.SimpleNamespace(mixer_device=mixer)

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(self._tracks)

    @property
    def stems(self) -> list[Track]:
        """What was imported."""
        return self._tracks[2:]

    def create_audio_track(self, index: int, /) -> Track:
        self.studio.change()
        assert index == -1
        if len(self._tracks) >= self.studio.track_limit:
            raise LimitationError("This version of Live is limited to that many tracks")
        track = Track(self.studio, f"{len(self._tracks) + 1}-Audio")
        self._tracks.append(track)
        return track

    def delete_track(self, index: int, /) -> None:
        self.studio.change()
        del self._tracks[index]

    def begin_undo_step(self) -> None:
        self.studio.change()
        self.open_steps += 1
        self.undo_steps.append(list(self._tracks))

    def end_undo_step(self) -> None:
        self.open_steps -= 1

    def undo(self) -> None:
        """What Ctrl-Z does."""
        self._tracks = self.undo_steps.pop()


Clock = Callable[[], float]
