"""The threads that take one task after the other, and never die of one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from bridge.compute.runner import Stopped
from bridge.errors import BounceError, EngineError, StembridgeError, StorageError
from bridge.server.fetching.fetch import FetchError
from bridge.server.log import note
from bridge.server.refused import Refused
from bridge.server.tables.tasks import Task, Tasks
from bridge.server.work import Work

log = logging.getLogger(__name__)

LOOK_S = 1.0
TROUBLE_S = 5.0
"""How long a worker waits when the database or its disk fails it."""

_SHOWN = (BounceError, EngineError, FetchError, Refused)
"""Whose messages concern the asker. The rest is the administrator's, and stands in the log."""


class Workers:
    """So many tasks at once, oldest first."""

    def __init__(self, tasks: Tasks, work: Work, count: int) -> None:
        self._tasks = tasks
        self._work = work
        self._stopping = threading.Event()
        self._news = threading.Semaphore(0)
        self._progress: dict[str, float] = {}
        self._threads = [threading.Thread(target=self._run, name=f"worker-{number}") for number in range(count)]

    def start(self) -> None:
        """Begin, with what an earlier process left. Raises `StorageError`."""
        for task in self._tasks.recover():
            note(log, "task.given_up", task=task.id, attempts=task.attempt)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End within a second or so; tasks under way wait for the next start."""
        self._stopping.set()
        self._work.stop()
        for _ in self._threads:
            self._news.release()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Look for a new task now. May be called from any thread."""
        self._news.release()

    def progress_of(self, task_id: str) -> float:
        """Return how far a task is, 0.0 for one that waits."""
        return self._progress.get(task_id, 0.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                task = self._tasks.claim()
            except StembridgeError as error:
                log.warning("%s %s", error, error.advice)
                self._stopping.wait(TROUBLE_S)
                continue
            if task is None:
                self._news.acquire(timeout=LOOK_S)
            else:
                self._do(task)

    def _do(self, task: Task) -> None:
        note(log, "task.started", task=task.id, model=task.model, attempt=task.attempt)
        try:
            self._work.run(task, lambda fraction: self._progress.__setitem__(task.id, fraction))
            note(log, "task.success", task=task.id)
        except Stopped:
            self._surely(lambda: self._tasks.put_back(task))
        except StembridgeError as error:
            message = error.message if isinstance(error, _SHOWN) else "The server could not do it; its log says why."
            note(log, "task.failed", task=task.id, code=error.code, reason=error.message)
            self._surely(lambda: self._tasks.fail(task, message))
        except Exception:
            # A bug must cost one task, not the server and every task behind this one.
            log.exception("task %s met a bug", task.id)
            self._surely(lambda: self._tasks.fail(task, "The server met a bug; its log says which."))
        finally:
            self._progress.pop(task.id, None)

    def _surely(self, write: Callable[[], object]) -> None:
        """Write how a task ended, however long the disk is full; after a stop the next start finds it as it was."""
        over = False
        while not over:
            try:
                write()
                over = True
            except StorageError as error:
                log.warning("%s %s", error, error.advice)
                over = self._stopping.wait(TROUBLE_S)
