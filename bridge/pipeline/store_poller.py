"""Polls the store for changes by other processes and for due retries, and wakes the workers for them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from bridge.errors import StorageError, StoreError
from bridge.jobs.store import JobStore
from bridge.threads import start_all

LOOK_S = 0.5
"""How often it looks whether another process (the command line) has changed anything."""

SLOWEST_COMMIT_S = 10.0
"""How much older than its commit a change may say that it is: a busy disk takes its time."""

RETRIES_S = 5.0
"""How often it looks for failed jobs whose time to be tried again has come."""


class StorePoller:
    """One thread that looks at the store twice a second, for microseconds."""

    def __init__(self, store: JobStore, wake: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._wake = wake
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-poller")

    def start(self) -> None:
        """Begin. Raises `NoMoreThreads`."""
        start_all([self._thread])

    def stop(self) -> None:
        """End at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        next_retries = 0.0
        told = self._clock()
        oldest = told - LOOK_S  # what ended before the start is nobody's news
        untold = False
        while not self._stopping.wait(LOOK_S):
            # Whoever works meets the same trouble and tells of it.
            with contextlib.suppress(StorageError, StoreError):
                if time.monotonic() >= next_retries:
                    next_retries = time.monotonic() + RETRIES_S
                    self._store.requeue_due()
                looked = self._clock()
                # It is said once: where the store fails below, it is still to be told.
                untold = self._store.changed_elsewhere() or untold
                if untold:
                    self._wake()
                    self._store.notify_changed_since(max(oldest, told - SLOWEST_COMMIT_S))
                told, untold = looked, False
