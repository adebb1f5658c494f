"""Unpublishes uploads of jobs that ended outside a worker, mostly of jobs that were cancelled while parked."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bridge.errors import PublishError, StorageError, StoreError
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.separation.api.interfaces import Publishes
from bridge.threads import WakingThread

log = logging.getLogger(__name__)

STORE_TROUBLE_S = 5.0
"""How long it waits when the job store cannot be read or written."""

GRACE_S = 1.0
"""How long a stop waits for the one that is on its way."""


class Withdrawals:
    """One thread that withdraws what cancelled and delivered jobs have published, also those of before the start."""

    def __init__(self, store: JobStore, publisher: Callable[[], Publishes]) -> None:
        """`publisher` raises `PublishError` where publishing is not configured: all stays noted for when it is."""
        self._store = store
        self._publisher = publisher
        # An upload's lifetime ends it anyway, so the process need not wait for a peer that does not answer.
        self._thread = WakingThread("withdrawals", self._withdraw, daemon=True)

    def start(self) -> None:
        """Begin. Raises `NoMoreThreads`."""
        self._thread.start()

    def on_job_changed(self, job: Job) -> None:
        """Look where this change of a job calls for it. A listener of the store."""
        if job.state in {State.CANCELLED, State.DELIVERED}:
            self.wake()

    def wake(self) -> None:
        """Look now. May be called from any thread."""
        self._thread.wake()

    def stop(self) -> None:
        """End within `GRACE_S`; what is not begun is left to the next start."""
        self._thread.stop(GRACE_S)

    def _withdraw(self) -> None:
        stopping = self._thread.stopping
        while not stopping.is_set():
            try:
                withdraw_left(self._store, self._publisher, stopping.is_set)
            except (StorageError, StoreError) as error:
                log.warning("%s %s", error, error.advice)
                stopping.wait(STORE_TROUBLE_S)
            else:
                return


def withdraw_left(store: JobStore, publisher: Callable[[], Publishes], stopping: Callable[[], bool]) -> None:
    """Withdraw what jobs that are over have published, one after the other, until there is no more or `stopping`.

    Each is noted as withdrawn first, if its job is still over in that very moment: one that is tried again publishes
    anew, and never loses what the service was told to fetch. A job that a worker holds is not over. Raises
    `StorageError` or `StoreError`; nothing is forgotten then that was not withdrawn.
    """
    left = store.notes.left_published()
    if not left:
        return
    try:
        reachable = publisher()
    except PublishError:
        return  # the first job that needs it tells everybody
    for job_id, handle in left:
        if stopping():
            return
        if not store.notes.disown(job_id, handle):
            continue
        try:
            reachable.withdraw(handle)
        except (PublishError, StorageError) as error:
            log.warning("job %s is over; its published mix stays reachable until its time is up: %s", job_id, error)
