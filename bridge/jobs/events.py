"""What happens to a job, as values: OSC, the terminal and whoever follows jobs render them as they like."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.jobs.job import Job


@dataclass(frozen=True, slots=True)
class Accepted:
    """There is a job; its bounce will not be lost."""

    job: Job


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The job is in another state."""

    job: Job


@dataclass(frozen=True, slots=True)
class Progressed:
    """The job has come further, or does something else."""

    job: Job
    fraction: float
    """0.0 to 1.0; it never falls while an attempt lasts."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over, or waits for a person."""

    job: Job


JobEvent = Accepted | StateChanged | Progressed | Ended
