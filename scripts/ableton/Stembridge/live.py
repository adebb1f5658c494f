"""What this Live can do. Its objects have no types and no exceptions of their own, so they are `Any` here."""

from __future__ import annotations

from typing import Any, NamedTuple


class Version(NamedTuple):
    """Live's version."""

    major: int
    minor: int
    bugfix: int


ARRANGEMENT = Version(12, 2, 0)
"""The first with a documented Track.create_audio_clip. It was there before, undocumented: no musician's set is worth
the try."""
SESSION = Version(12, 0, 5)
"""The first with ClipSlot.create_audio_clip."""


def version() -> Version:
    """Return Live's version."""
    import Live  # type: ignore[import-not-found]

    live = Live.Application.get_application()
    return Version(live.get_major_version(), live.get_minor_version(), live.get_bugfix_version())


def has(thing: Any, name: str) -> bool:
    """Say whether an object of Live has something; Live may raise a `RuntimeError` for what does not apply."""
    try:
        getattr(thing, name)
    except (AttributeError, RuntimeError):
        return False
    return True


def which_set(song: Any) -> int:
    """Return what tells this open set from another one; saving it under another name does not change it."""
    return int(song._live_ptr) if has(song, "_live_ptr") else id(song)


def is_recording(song: Any) -> bool:
    """Say whether a take is being recorded, into which nothing should burst."""
    return bool(song.is_playing and song.record_mode)


def tempo_changes(song: Any) -> bool:
    """Say whether the set's tempo is automated."""
    try:
        return int(song.master_track.mixer_device.song_tempo.automation_state) != 0
    except (AttributeError, RuntimeError):
        return False
