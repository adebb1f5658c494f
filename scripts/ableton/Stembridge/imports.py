"""Finished deliveries on their way into the set, one at a time and never twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import live
from .checking import complaints, mend_ends
from .claim import claim
from .importing import Delivery, NotReady, Stem, Unreadable, read
from .placing import Placed, PlacingFailed, can_place, is_stamped, place, spot
from .status import Status

READY_S = 30.0
"""How long a delivery may take until all of it is there."""
AGAIN_S = 1.0


class Due:
    """One delivery that is to come in."""

    def __init__(self, folder: Path, begins: float | None, which_set: int, asked: bool) -> None:
        self.folder = folder
        self.begins = begins
        """Where the bounce's own clip puts its beginning, in beats."""
        self.which_set = which_set
        self.asked = asked
        """The musician wants it now: then each reason against it is said."""
        self.until: float | None = None
        self.next = 0.0
        self.told = ""


class Imports:
    """The queue. `song` returns the set that is open now."""

    def __init__(self, song: Callable[[], Any], status: Status, silent_stems: bool, clock: Callable[[], float]) -> None:
        self._song = song
        self._status = status
        self._silent_stems = silent_stems
        self._clock = clock
        self._due: list[Due] = []
        self._fresh: list[Placed] = []
        self._mended: list[Placed] = []

    def add(self, due: Due) -> None:
        """Have a delivery come in, unless it is on its way already."""
        if all(each.folder != due.folder for each in self._due):
            self._due.append(due)

    def tick(self) -> None:
        """Check what came in last, and bring the next one in."""
        self._look_after()
        for due in list(self._due):
            if due.next <= self._clock():
                due.next = self._clock() + AGAIN_S
                if self._is_over(due):
                    self._due.remove(due)
                return

    def _look_after(self) -> None:
        """Mend what came in a tick ago, and say what is not right two ticks after it came in."""
        mended, self._mended, self._fresh = self._mended, self._fresh, []
        wrong = complaints(mended)
        if wrong:
            self._status.say(wrong)
        mend_ends(self._mended)

    def _is_over(self, due: Due) -> bool:
        """Try to import; True unless it must be tried again."""
        song = self._song()
        if live.which_set(song) != due.which_set:
            return self._end(f"The stems in {due.folder} are ready, but not for this set. {_BY_HAND}")
        try:
            delivery = read(due.folder)
        except NotReady as error:
            due.until = due.until or self._clock() + READY_S
            return self._clock() > due.until and self._end(str(error))
        except Unreadable as error:
            return self._end(str(error))
        if not can_place(live.version()):
            return self._end(f"Live 12.2 or later imports stems by itself. {delivery.song} is in {due.folder}")
        if is_stamped(song, delivery.job):
            return not due.asked or self._end(f"The stems of {delivery.song} are in this set already.")
        if live.is_recording(song):
            return self._wait(due, f"The stems of {delivery.song} are ready; they come in when you stop recording.")
        return self._import(song, due, delivery)

    def _import(self, song: Any, due: Due, delivery: Delivery) -> bool:
        try:
            held = claim(due.folder, "Ableton Live", _file_of(song))
        except OSError as error:
            return self._end(f"The stems of {delivery.song} cannot be imported: {error}")
        if held is None:
            return self._wait(due, f"Another importer has the stems of {delivery.song}; waiting for it.")
        with held:
            if is_stamped(song, delivery.job):
                return True
            stems = [stem for stem in delivery.stems if self._silent_stems or not stem.silent]
            try:
                return self._place(song, delivery, stems, due.begins)
            except PlacingFailed as error:
                return self._end(f"The stems of {delivery.song} were not imported: {error} They are in {due.folder}")

    def _place(self, song: Any, delivery: Delivery, stems: list[Stem], begins: float | None) -> bool:
        where = spot(song, delivery, begins)
        self._fresh = place(song, delivery, stems, where.beats, live.version())
        text = f"The stems of {delivery.song} are in: {', '.join(each.stem for each in self._fresh)}."
        if any(each.beats is None for each in self._fresh):
            text += f" They are in the Session; their place in the Arrangement is beat {where.beats + 1:.2f}."
        return self._end(f"{text} {where.warning}".strip())

    def _wait(self, due: Due, text: str) -> bool:
        if due.told != text:
            due.told = text
            self._status.say(text)
        return False

    def _end(self, text: str) -> bool:
        self._status.say(text)
        return True


_BY_HAND = "Write !import behind a track's name to have the newest ones."


def _file_of(song: Any) -> str:
    return str(song.file_path) if live.has(song, "file_path") else ""
