"""What a worker does next: first what was interrupted, then what waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from bridge.jobs.job import Job
from bridge.jobs.store import JobStore


class Backlog:
    """The jobs of one kind of engine, handed out once each; shared by the workers of that kind.

    `engines` names the engines, `only` the jobs that are theirs; None means all.
    """

    def __init__(
        self,
        store: JobStore,
        engines: Iterable[str],
        only: frozenset[str] | None = None,
        *,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        """Look for jobs that a crash interrupted: make this before any worker starts. While `paused`, none begins."""
        self._store = store
        self._engines = frozenset(engines)
        self._only = only
        self._paused = paused
        self._lock = threading.Lock()
        self._interrupted = deque(job.id for job in store.interrupted() if self._is_ours(job))

    def next(self) -> Job | None:
        """Return a job to work on; None if there is none now. Raises `StorageError`."""
        with self._lock:
            if self._interrupted:
                job = self._store.get(self._interrupted[0])
                self._interrupted.popleft()
                return job
        return None if self._paused() else self._store.claim(self._only, self._engines)

    def put_back(self, job: Job) -> None:
        """Take back a job whose end could not be noted, because the store's disk failed."""
        with self._lock:
            self._interrupted.append(job.id)

    def _is_ours(self, job: Job) -> bool:
        return job.spec.engine in self._engines and (self._only is None or job.id in self._only)
