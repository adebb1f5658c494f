"""Follows one job: turns its successive snapshots into events, so that nothing is reported twice or too often.

The time is passed in. Snapshots may come from several threads, and so in a wrong order.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from bridge.jobs.events import Accepted, Ended, JobEvent, Progressed, StateChanged
from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State, allowed

PROGRESS_EVERY_S: Final = 0.1


class News(NamedTuple):
    """What a snapshot means to those who follow the job."""

    events: list[JobEvent]
    began: bool = False
    """The job was accepted."""
    moved: bool = False
    """Its state is another one."""


class JobTracker:
    """What is known of a job, and what has to be reported next."""

    def __init__(self, job: Job) -> None:
        """Start with a snapshot of which nothing was reported yet: `begin` or `summary` do that."""
        self.job = job
        self._reported = fraction_of(job), job.step
        self._held: Job | None = None
        self._next = 0.0

    @property
    def due(self) -> float | None:
        """When progress that was held back is to be reported; None where there is none."""
        return self._next if self._held else None

    def begin(self, now: float) -> News:
        """Return what comes first for those who follow every job."""
        self._next = now + PROGRESS_EVERY_S
        began = self.job.state not in FINAL
        return News(self.summary(accepted=began), began, moved=True)

    def change(self, job: Job, now: float) -> News:
        """Take in the next snapshot and return what it means."""
        if self._is_outdated(job):
            return News([])
        moved = self.job.state is not job.state
        self.job = job
        events: list[JobEvent] = []
        if moved:
            if job.state is State.DELIVERED:
                # Fills a bar: the last step of a short job is over too soon to be reported.
                events.append(Progressed(job, 1.0))
            events.append(StateChanged(job))
            self._held = None
            if job.state is State.QUEUED:
                self._reported = 0.0, ""
        if job.state not in FINAL:
            self._hold(job)
            events += self.progress(now)
        elif moved:
            events.append(Ended(job))
        return News(events, moved=moved)

    def progress(self, now: float) -> list[JobEvent]:
        """Return the progress that was held back, if its time has come."""
        job = self._held
        if job is None or now < self._next:
            return []
        self._held = None
        self._next = now + PROGRESS_EVERY_S
        self._reported = max(self._reported[0], fraction_of(job)), job.step
        return [Progressed(job, self._reported[0])]

    def summary(self, *, accepted: bool) -> list[JobEvent]:
        """Return where the job stands, for somebody who follows it from now on."""
        return [*([Accepted(self.job)] if accepted else []), *summary_of(self.job, self._reported[0])]

    def _hold(self, job: Job) -> None:
        fraction, step = self._reported
        if fraction_of(job) > fraction or job.step != step:
            self._held = job

    def _is_outdated(self, job: Job) -> bool:
        """Say whether a later snapshot came before this one."""
        known = self.job
        if job.attempt < known.attempt:
            return True
        return known.state is not job.state and job.updated < known.updated and not allowed(known.state, job.state)


def summary_of(job: Job, least: float = 0.0) -> list[JobEvent]:
    """Return where a job stands: its state, then how far it is (`least` or more) or how it ended."""
    if job.state in FINAL:
        return [StateChanged(job), Ended(job)]
    return [StateChanged(job), Progressed(job, max(least, fraction_of(job)))]


def fraction_of(job: Job) -> float:
    """Return how far a job is, certainly 0 to 1."""
    return min(1.0, max(0.0, job.progress)) if math.isfinite(job.progress) else 0.0
