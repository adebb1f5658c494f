"""What becomes of a bounce that somebody names once more: the rule that neither pays nor delivers twice by mistake."""

from __future__ import annotations

from enum import Enum

from bridge.jobs.arrival import Arrival
from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State

AGAIN_S = 10.0
"""For how long after its delivery a bounce that is asked for again, unchanged, is not delivered once more."""


class Again(Enum):
    """What asking again means."""

    NEW = "a job of its own"
    SAME = "the job it has"
    RETRY = "the job it has, now instead of later"


def again(job: Job | None, arrival: Arrival, now: float) -> Again:
    """Judge an arrival by the newest job of the same file with the same content; `now` in seconds since the epoch.

    A job that waits for a person holds an order that may be paid: only `retry` gives the word for another. One that
    waits for its next try, or for credit, is tried at once.
    """
    if job is None or job.spec != arrival.spec:
        return Again.NEW
    if job.state not in FINAL or job.state is State.NEEDS_REVIEW:
        return Again.SAME
    if job.state is State.NEEDS_CREDIT or _is_tried_again(job):
        return Again.RETRY
    if job.state is State.DELIVERED and arrival.door != "cli" and _is_fresh(job, now):
        return Again.SAME
    return Again.NEW


def seen_again(job: Job | None) -> Again:
    """Judge a bounce that the inbox sees once more, with the content it had when its newest job was made."""
    if job is None or (job.folder is not None and not job.folder.is_dir()):
        return Again.NEW  # a delivery that was thrown away is worth making again
    if job.state is not State.FAILED:
        return Again.SAME
    return Again.RETRY if _is_tried_again(job) else Again.NEW


def _is_tried_again(job: Job) -> bool:
    return job.failure is not None and job.failure.retry_at is not None


def _is_fresh(job: Job, now: float) -> bool:
    """Say whether asking again is more likely a button that bounced, or a door slower than another, than a wish."""
    return 0 <= now - job.updated < AGAIN_S and job.folder is not None and job.folder.is_dir()
