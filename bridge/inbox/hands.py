"""Threads for the slow work on settled files, so that it holds up neither the scan nor a stop."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bridge.errors import StembridgeError
from bridge.inbox.outcomes import Failed, Outcome
from bridge.inbox.settling import Ready
from bridge.inbox.spool import CopyStopped
from bridge.threads import WorkerThreads

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
        self._threads = WorkerThreads(name, count, self._handle)

    def start(self) -> None:
        """Start the threads. Raises `NoMoreThreads`."""
        self._threads.start()

    def submit(self, ready: Ready) -> None:
        """Queue a settled file. Exactly one outcome will be reported for it, unless stopped before."""
        self._threads.submit(ready)

    def stop(self) -> None:
        """Abandon what is at hand. Returns at once; the threads end as soon as their work lets them."""
        self._threads.stop()

    def _keep_going(self) -> bool:
        return not self._threads.stopping.is_set()

    def _handle(self, ready: Ready) -> None:
        try:
            outcome = self._work(ready, self._keep_going)
        except CopyStopped:
            return
        except Exception as error:
            # A bug must cost one file, not this thread and every file behind this one.
            log.exception("%s", ready.path)
            outcome = Failed(ready, StembridgeError(f"Stembridge met a bug: {type(error).__name__}: {error}"))
        self._report(outcome)
