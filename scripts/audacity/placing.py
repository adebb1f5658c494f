"""One delivery into the project: claimed, in one undo step, and never twice.

Audacity makes an undo step of every imported file, and none of naming and moving it. So the stems are imported, named
and moved, copied, undone one by one, and pasted: the paste is the one step that is left, with names, places and stamp.
What an importer leaves that is killed on the way is found by its marker and cleared away by the next.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import platform
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.delivery.claim import LOCK, Claim, claim
from bridge.delivery.importing import RECEIPT, Delivery, Stem, track_name
from scripts.audacity.project import Project, Track, sendable, spoken
from scripts.audacity.trouble import NoAnswer, NoAudacity, Refused, Trouble

_WAIT_S: Final = 300.0
"""Longer than a crashed importer's lock can last; a living one is done with a long song by then."""
_PAUSE_S: Final = 0.5

_COLOURS: Final = {"vocals": 1, "guitar": 2, "strings": 2, "other": 3}
"""Audacity has blue (0), red (1), green (2) and black (3)."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the musician chose."""

    at_s: float | None = None
    """Where to put the stems, in seconds; None means where the bounce began."""
    silent: bool = True
    """Also import the stems with nothing in them."""


def stamp_of(delivery: Delivery) -> str:
    """Return the name of the label track that says, in the project itself, that a delivery is in it."""
    return f"Stembridge job {delivery.job}"


def marker_of(delivery: Delivery) -> str:
    """Return the name of that label track while the import is under way."""
    return f"Stembridge is importing job {delivery.job}"


def bring(
    project: Project,
    delivery: Delivery,
    choices: Choices,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Import a delivery; return False where the project has it already. Raises Trouble."""
    _drop_own_lock(delivery)
    give_up = clock() + _WAIT_S
    while not _is_stamped(project.tracks(), delivery):
        try:
            held = claim(delivery.folder, *_myself())
        except OSError as error:
            raise Trouble(f"The folder {delivery.folder} cannot be used: {error.strerror}.") from error
        if held is not None:
            with held:
                return _bring_claimed(project, delivery, choices, held)
        if clock() > give_up:
            raise Trouble(f"Another importer is busy with {delivery.song}. Try again when it is done.")
        sleep(_PAUSE_S)
    return False


def _myself() -> tuple[str, str]:
    return "Stembridge for Audacity", f"the project open in the Audacity of {getpass.getuser()} on {platform.node()}"


def _drop_own_lock(delivery: Delivery) -> None:
    """Take away the lock of an importer of ours that was killed.

    Only one at a time can talk to an Audacity, and now that is this one: so nobody has to wait until the lock is old.
    """
    lock = delivery.folder / LOCK
    with contextlib.suppress(OSError):
        if tuple((lock / "by").read_text("utf-8", "surrogateescape").split("\n")[:2]) == _myself():
            shutil.rmtree(lock.rename(lock.with_name(f"{LOCK}-stale-{uuid.uuid4().hex}")))


def _bring_claimed(project: Project, delivery: Delivery, choices: Choices, held: Claim) -> bool:
    before = project.tracks()
    if _is_stamped(before, delivery):
        return False
    stems = [stem for stem in delivery.stems if choices.silent or not stem.silent]
    if not stems:
        raise Trouble(f"All stems of {delivery.song} are silent.")
    for stem in stems:
        sendable(stem.path)
    before = _without(project, delivery, before, {marker_of(delivery)})
    try:
        _add(project, delivery, stems, choices, held, len(before))
        _merge_steps(project, before, steps=1 + len(stems))
    except (NoAnswer, NoAudacity):
        # They would only be met again; what is left is cleared away next time.
        raise
    except Trouble:
        with contextlib.suppress(Trouble):
            _without(project, delivery, project.tracks(), {marker_of(delivery), stamp_of(delivery)})
        raise
    return True


def _is_stamped(tracks: list[Track], delivery: Delivery) -> bool:
    return any(track.kind == "label" and track.name == stamp_of(delivery) for track in tracks)


def _without(project: Project, delivery: Delivery, tracks: list[Track], marks: set[str]) -> list[Track]:
    """Remove what an importer left that did not come to its end: the label track, and the stems right behind it."""
    ours = {spoken(track_name(delivery.song, stem.name)) for stem in delivery.stems}
    ours |= {stem.path.stem for stem in delivery.stems}
    for first, track in enumerate(tracks):
        if track.kind == "label" and track.name in marks:
            count = 1
            for follower in tracks[first + 1 : first + 1 + len(delivery.stems)]:
                if follower.kind != "wave" or follower.name not in ours:
                    break
                count += 1
            project.remove(first, count)
            return project.tracks()
    return tracks


def _add(project: Project, delivery: Delivery, stems: list[Stem], choices: Choices, held: Claim, marker: int) -> None:
    """Add the marker as the track of that number and the stems behind it, each named and in its place."""
    if marker == 0:
        # Audacity does the same where a file is the first thing in a project.
        project.set_rate(_rate_of(delivery))
    start_s = choices.at_s if choices.at_s is not None else delivery.origin_s or 0.0
    project.add_labels()
    project.name(marker, marker_of(delivery))
    first = marker + 1
    for stem in stems:
        held.refresh()
        project.add_audio(stem.path)
        # A file of more than two channels comes as several tracks.
        behind = len(project.tracks())
        for track in range(first, behind):
            colour = _COLOURS.get(stem.name.removeprefix("no_"), 0)
            project.name_and_place(track, track_name(delivery.song, stem.name), start_s, colour)
        first = behind
    project.name(marker, stamp_of(delivery))


def _merge_steps(project: Project, before: list[Track], steps: int) -> None:
    """Make one undo step of the last ones. Raises Refused where they were not all ours."""
    whole = project.tracks()
    added = whole[len(before) :]
    project.copy(len(before), len(added), max(track.end_s for track in added) + 1.0)
    for _ in range(steps):
        project.undo()
    if project.tracks() == before:
        project.paste()
        if project.tracks() == whole:
            return
    raise Refused(
        "The project was changed while the stems came in, so they were taken out again. "
        "Look at Edit > Redo or View > History for your change, then import again."
    )


def _rate_of(delivery: Delivery) -> int:
    receipt = json.loads((delivery.folder / RECEIPT).read_bytes())
    return int(receipt["stems"][0]["sample_rate"])
