"""Stems become tracks of the open set: all of them in one undo step, or none."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

from .importing import Delivery, Stem, colour, track_name
from .live import ARRANGEMENT, SESSION, Version, has, tempo_changes
from .neutral import make_neutral

STAMP = "stembridge.job"
"""The key of `Track.set_data`, which Live saves with the set. On the tracks, not on the song: who undoes the import or
deletes its tracks has taken the stamp away, too, and may import again."""

_LAST_BEAT = 1_576_800.0
"""Live has no later one."""


class PlacingFailed(Exception):
    """The set is as it was before. The message is a sentence."""


class Spot(NamedTuple):
    """Where stems go."""

    beats: float
    warning: str
    """A sentence for the musician; "" if the place is sure."""


class Placed(NamedTuple):
    """One stem in the set."""

    stem: str
    track: Any
    clip: Any
    beats: float | None
    """Where it was meant to go; None in the Session."""


def is_stamped(song: Any, job: str) -> bool:
    """Say whether a job's stems are in the set."""
    return any(track.get_data(STAMP, "") == job for track in song.tracks)


def spot(song: Any, delivery: Delivery, begins: float | None) -> Spot:
    """Return where the stems go: to the BWF origin, else to where the bounce's clip `begins`, else to the start.

    Live counts in beats and a BWF origin in seconds, so it is right while the tempo stays what it is now.
    """
    if delivery.origin_s is None:
        beats, warning = begins or 0.0, ""
    else:
        beats = delivery.origin_s * song.tempo / 60
        warning = "The tempo changes in this set: check where they begin." if tempo_changes(song) else ""
    if beats > _LAST_BEAT:
        raise PlacingFailed("the bounce says that it begins after the end of Live's time line.")
    if beats < 0:
        return Spot(0.0, f"They begin {-beats:.2f} beats before the time line does, so they stand too late.")
    return Spot(beats, warning)


def place(song: Any, delivery: Delivery, stems: list[Stem], beats: float, version: Version) -> list[Placed]:
    """Make a named, coloured and stamped track with an unwarped clip for each of `stems`.

    Raises `PlacingFailed` after having taken everything back.
    """
    made: list[Any] = []
    song.begin_undo_step()
    try:
        placed = [_place(song, delivery, stem, beats if version >= ARRANGEMENT else None, made) for stem in stems]
        for track in made:
            _stamp(track, delivery.job)
    except Exception as error:
        # Live's own exceptions are not documented, and whatever it was, half an import must not stay.
        _take_back(song, made)
        raise PlacingFailed(str(error) or type(error).__name__) from error
    else:
        return placed
    finally:
        song.end_undo_step()


def can_place(version: Version) -> bool:
    """Say whether this Live lets a script make audio clips."""
    return version >= SESSION


def _place(song: Any, delivery: Delivery, stem: Stem, beats: float | None, made: list[Any]) -> Placed:
    track = song.create_audio_track(-1)
    made.append(track)
    make_neutral(track)
    clip = _in_arrangement(track, stem, beats) if beats is not None else None
    meant = beats if clip is not None else None
    clip = clip if clip is not None else _in_session(song, track, stem)
    clip.warping = False
    if clip.warping:
        raise PlacingFailed(f"Live keeps {stem.name} warped.")
    clip.name = stem.name
    clip.color = track.color = colour(stem.name)
    track.name = track_name(delivery.song, stem.name)
    return Placed(stem.name, track, clip, meant)


def _stamp(track: Any, job: str) -> None:
    track.set_data(STAMP, job)
    if track.get_data(STAMP, "") != job:
        raise PlacingFailed("Live did not keep the mark that prevents a second import.")


def _in_arrangement(track: Any, stem: Stem, beats: float) -> Any:
    """Return the new clip; None where Live made none (11.3 returned nothing, made or not)."""
    clip = track.create_audio_clip(str(stem.path), float(beats)) if has(track, "create_audio_clip") else None
    return clip if clip is not None else next(iter(track.arrangement_clips), None)


def _in_session(song: Any, track: Any, stem: Stem) -> Any:
    slot = track.clip_slots[list(song.scenes).index(song.view.selected_scene)]
    slot.create_audio_clip(str(stem.path))
    return slot.clip


def _take_back(song: Any, made: list[Any]) -> None:
    for track in reversed(made):
        with contextlib.suppress(RuntimeError, ValueError):
            song.delete_track(list(song.tracks).index(track))
