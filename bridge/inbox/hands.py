"""Threads for the slow work on settled files, so that it holds up neither the scan nor a stop."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from bridge.errors import StembridgeError
from bridge.inbox.outcomes import Failed, Outcome
from bridge.inbox.settling import Ready
from bridge.inbox.spool import CopyStopped

log = logging.getLogger(__name__)

KeepGoing = Callable[[], bool]
Work = Callable[[Ready, KeepGoing], Outcome]
"""What is done with one settled file. Raises CopyStopped soon after it is told not to keep going."""


class Hands:
    """A queue of settled files and the threads that empty it."""

    def __init__(self, name: str, count: int, work: Work, report: Callable[[Outcome], None]) -> None:
        """Report each outcome from one of `count` threads."""
        self._work = work
        self._report = report
        self._queue: queue.SimpleQueue[Ready | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        # Daemon threads: a share that hangs in a read must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(1, count + 1)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, ready: Ready) -> None:
        """Queue a settled file. Exactly one outcome will be reported for it, unless stopped before."""
        self._queue.put(ready)

    def stop(self) -> None:
        """Abandon what is at hand. Returns at once; the threads end as soon as their work lets them."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)

    def _keep_going(self) -> bool:
        return not self._stopping.is_set()

    def _run(self) -> None:
        while (ready := self._queue.get()) is not None and self._keep_going():
            try:
                outcome = self._work(ready, self._keep_going)
            except CopyStopped:
                return
            except Exception as error:
                # A bug must cost one file, not this thread and every file behind this one.
                log.exception("%s", ready.path)
                outcome = Failed(ready, StembridgeError(f"Stembridge met a bug: {type(error).__name__}: {error}"))
            self._report(outcome)
