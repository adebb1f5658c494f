"""What is to be said of one job as it changes. The time is passed in."""

from __future__ import annotations

from typing import Final, NamedTuple

from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State, allowed
from bridge.osc import outgoing

PROGRESS_EVERY_S: Final = 0.1


class News(NamedTuple):
    """What a change brings."""

    packets: list[bytes]
    began: bool = False
    """The job was accepted."""
    moved: bool = False
    """Its state is another one."""


class Report:
    """What those who follow a job know of it, and what they have to hear next."""

    def __init__(self, job: Job) -> None:
        """Begin with a snapshot of which nothing has been said yet; `begin` or `story` say it."""
        self.job = job
        self._said = outgoing.fraction_of(job), job.step
        self._held: Job | None = None
        self._next = 0.0

    @property
    def due(self) -> float | None:
        """When progress that was held back is to be said."""
        return self._next if self._held else None

    def begin(self, now: float) -> News:
        """Return what those who hear of every job have to hear first."""
        self._next = now + PROGRESS_EVERY_S
        began = self.job.state not in FINAL
        return News(self.story(accepted=began), began, moved=True)

    def change(self, job: Job, now: float) -> News:
        """Take in the next snapshot and return what it means to those who follow the job."""
        if self._overtook(job):
            return News([])
        moved = self.job.state is not job.state
        self.job = job
        packets: list[bytes] = []
        if moved:
            if job.state is State.DELIVERED:
                packets.append(
                    outgoing.progress(job, 1.0)
                )  # what fills a bar; a short job's last step is over too soon
            packets.append(outgoing.state(job))
            self._held = None
            if job.state is State.QUEUED:
                self._said = 0.0, ""
        if job.state not in FINAL:
            self._hold(job)
            packets += self.progress(now)
        elif moved:
            packets += outgoing.ending(job)
        return News(packets, moved=moved)

    def progress(self, now: float) -> list[bytes]:
        """Return the progress that was held back, if its time has come."""
        job = self._held
        if job is None or now < self._next:
            return []
        self._held = None
        self._next = now + PROGRESS_EVERY_S
        self._said = max(self._said[0], outgoing.fraction_of(job)), job.step
        return [outgoing.progress(job, self._said[0])]

    def story(self, *, accepted: bool) -> list[bytes]:
        """Return what somebody has to hear who comes in now."""
        packets = outgoing.beginning(self.job) if accepted else []
        return packets + outgoing.so_far(self.job, self._said[0])

    def _hold(self, job: Job) -> None:
        fraction, step = self._said
        if outgoing.fraction_of(job) > fraction or job.step != step:
            self._held = job

    def _overtook(self, job: Job) -> bool:
        """Say whether a later snapshot was heard before this one: jobs change on several threads."""
        known = self.job
        if job.attempt < known.attempt:
            return True
        return known.state is not job.state and job.updated < known.updated and not allowed(known.state, job.state)
