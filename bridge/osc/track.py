"""What is to be said of one job as it changes. Pure: the time is passed in, and what ends a job is made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State, allowed
from bridge.osc import saying

PROGRESS_EVERY_S: Final = 0.1

Ending = Callable[[Job], list[bytes]]
"""Makes the messages that end a job: its stems, or why it failed."""


class News(NamedTuple):
    """What a change brings."""

    packets: list[bytes]
    began: bool = False
    """The job was accepted."""
    moved: bool = False
    """Its state is another one."""


class Track:
    """One job as those who follow it know it."""

    def __init__(self, ending: Ending) -> None:
        self.job: Job | None = None
        self._ending = ending
        self._said = 0.0, ""
        self._held: Job | None = None
        self._next = 0.0

    @property
    def due(self) -> float | None:
        """When progress that was held back is to be said."""
        return self._next if self._held else None

    def change(self, job: Job, now: float) -> News:
        """Take in a snapshot and return what it means to those who follow the job."""
        before, overtaken = self.job, self._overtakes(job)
        if overtaken:
            return News([])
        self.job = job
        packets: list[bytes] = []
        began = before is None and job.state not in FINAL
        moved = before is None or before.state is not job.state
        if began:
            packets.append(saying.accepted(job))
        if moved:
            self._held = None
            packets.append(saying.state(job))
            if job.state is State.QUEUED:
                self._said = 0.0, ""
            elif job.state in FINAL:
                packets += self._ending(job)
        if job.state not in FINAL:
            self._hold(job)
            packets += self.progress(now)
        return News(packets, began, moved)

    def progress(self, now: float) -> list[bytes]:
        """Return the progress that was held back, if its time has come."""
        job = self._held
        if job is None or now < self._next:
            return []
        self._held = None
        self._next = now + PROGRESS_EVERY_S
        self._said = max(self._said[0], saying.fraction_of(job)), job.step
        return [saying.progress(job, self._said[0])]

    def story(self, job: Job, *, accepted: bool) -> list[bytes]:
        """Return what somebody has to hear who comes in now; `job` is told of where no change was heard of yet."""
        job = self.job or job
        packets = [saying.accepted(job)] if accepted else []
        return packets + so_far(job, self._ending, self._said[0])

    def _hold(self, job: Job) -> None:
        fraction, step = self._said
        if saying.fraction_of(job) > fraction or job.step != step:
            self._held = job

    def _overtakes(self, job: Job) -> bool:
        """Say whether a later snapshot was heard before this one: jobs change on several threads."""
        known = self.job
        if known is None or known.state is job.state:
            return False
        return job.updated < known.updated and not allowed(known.state, job.state)


def so_far(job: Job, ending: Ending, least: float = 0.0) -> list[bytes]:
    """Return where a job stands: its state, then how far it is or how it ended."""
    packets = [saying.state(job)]
    if job.state in FINAL:
        return packets + ending(job)
    return [*packets, saying.progress(job, max(least, saying.fraction_of(job)))]
