"""A job's checkpoint and bill in the job store: saved together, before and after each step that may cost money."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence

from bridge.jobs.cloud_notes import Bill, OtherOrder
from bridge.jobs.job import Job
from bridge.jobs.store import JobStore
from bridge.pipeline.earlier_orders import Earlier, earlier_order, not_at_hand
from bridge.separation.api.guard import admit, month_of
from bridge.separation.api.remote import Remote

log = logging.getLogger(__name__)


class JobCheckpoint:
    """A job's checkpoint and its bill, saved in one commit. A `Checkpoint` of `bridge.separation.api`."""

    def __init__(self, store: JobStore, job: Job, clock: Callable[[], float], cap: int | None, peer: str) -> None:
        self._store = store
        self._job_id = job.id
        self._force = job.spec.force
        self._clock = clock
        self._cap = cap
        self._peer = peer

    def load(self) -> Mapping[str, object]:
        """Return what was last saved, {} before anything was."""
        return noted(self._store, self._job_id)

    def save(self, state: Mapping[str, object]) -> None:
        """Save values; where they intend an order that may not be sent, raises `OverBudget` or `OrderedBefore`."""
        after = Remote.from_json(state)
        bill = bill_between(Remote.from_json(self.load()), after, month_of(self._clock()))

        # Checked again inside the transaction: other jobs may have ordered since the first check.
        def admitted(used: int, others: Sequence[OtherOrder]) -> None:
            order = None if self._force else earlier_order(after, others, self._peer)
            if order is not None:
                raise not_at_hand(order, self._peer)
            admit(after.minutes, used, self._cap)

        log.debug("job %s: checkpoint: %s", self._job_id, _described(after))
        self._store.notes.save(self._job_id, json.dumps(state), bill, admitted)

    def earlier(self) -> Earlier | None:
        """Return another job's order for this audio and model; None where this job may order or has ordered itself."""
        own = Remote.from_json(self.load())
        if _is_ordered(own):
            return None
        return earlier_order(own, self._store.notes.other_orders(self._job_id), self._peer)


def _described(remote: Remote) -> str:
    """Say where an order stands, without the published URL, which is a secret."""
    known = {"published": bool(remote.url), "intent": remote.intent, "task": remote.remote_id or "none"}
    return ", ".join(f"{name} {value}" for name, value in known.items())


def ordered(store: JobStore, job_id: str) -> bool:
    """Say whether an order for this job may have been taken, and its task may still bring the stems."""
    return _is_ordered(Remote.from_json(noted(store, job_id)))


def noted(store: JobStore, job_id: str) -> Mapping[str, object]:
    """Return a job's checkpoint; {} before anything was saved."""
    text = store.notes.checkpoint(job_id)
    found: Mapping[str, object] = json.loads(text) if text else {}
    return found


def _is_ordered(remote: Remote) -> bool:
    return remote.intent or bool(remote.remote_id)


def bill_between(before: Remote, after: Remote, month: str) -> Bill | None:
    """Say what a step does to the bill of a job; None if nothing. Pure.

    An order counts from the moment it may have been sent, also if the task fails later: the service's own page says
    both, and a cap must hold in the worse case.
    """
    if after.shared_with:
        return None  # the job that ordered the task has the bill
    was, now = _is_ordered(before), _is_ordered(after)
    if now and not was:
        return Bill("insert", month, after.minutes)
    if was and not now and before.intent and not before.remote_id:
        return Bill("delete", month, 0)
    if now and after.minutes != before.minutes:
        return Bill("change", month, after.minutes)
    return None
