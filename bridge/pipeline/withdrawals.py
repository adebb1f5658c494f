"""Takes back what jobs left published that no worker held when they ended: cancelled while parked, mostly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from bridge.errors import PublishError, StorageError, StoreError
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.separation.api.interfaces import Publishes

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
        self._woken = threading.Event()
        self._stopping = threading.Event()
        # The lifetime of each ends it anyway, so an exit of the program need not wait for a peer that does not answer.
        self._thread = threading.Thread(target=self._run, name="withdrawals", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def on_job_changed(self, job: Job) -> None:
        """Look where this change of a job calls for it. A listener of the store."""
        if job.state in {State.CANCELLED, State.DELIVERED}:
            self.wake()

    def wake(self) -> None:
        """Look now. May be called from any thread."""
        self._woken.set()

    def stop(self) -> None:
        """End within `GRACE_S`; what is not begun is left to the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(GRACE_S)

    def _run(self) -> None:
        while True:
            # Before looking, for handles or for the end: what comes while we look makes us look once more.
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                withdraw_left(self._store, self._publisher, self._stopping.is_set)
            except (StorageError, StoreError) as error:
                log.warning("%s %s", error, error.advice)
                self._stopping.wait(STORE_TROUBLE_S)
                continue
            self._woken.wait()


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
