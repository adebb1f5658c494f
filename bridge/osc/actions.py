"""What OSC may ask of the bridge. The daemon hands its implementation in; this room knows no other door or setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.jobs.job import Job


class Actions(Protocol):
    """Each method may be called on any thread; the code and message of a `StembridgeError` become the answer."""

    def separate(self, path: str, choice: str = "", chosen: str = "") -> Job:
        """Make a job of an audio file, with the preset or model that `choice` names.

        `chosen` is what `chosen` returned when the file was asked for. It counts where `choice` is "" and the file's
        folder in the inbox says nothing. Where the same file is under way already, its job is returned. Takes as long
        as copying the file.
        """
        ...

    def cancel(self, job: str) -> Job:
        """Cancel the job with this id or beginning of an id."""
        ...

    def retry(self, job: str) -> Job:
        """Queue a failed, parked or cancelled job again."""
        ...

    def job(self, job: str) -> Job:
        """Return one job."""
        ...

    def recent(self) -> Sequence[Job]:
        """Return the jobs under way and the newest of the finished ones, oldest first; at most a few dozen."""
        ...

    def summary(self) -> str:
        """Say in one sentence what is under way and whether the bridge is paused."""
        ...

    def preset(self, name: str) -> None:
        """Choose the preset of every bounce that names none, until the bridge ends; "" goes back to the defaults."""
        ...

    def chosen(self) -> str:
        """Return the name that `preset` was given last, "" for none."""
        ...

    def pause(self) -> None:
        """Begin no further job; those under way go on."""
        ...

    def resume(self) -> None:
        """Begin jobs again."""
        ...
