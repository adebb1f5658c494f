"""Threads for what may take long, so that the ones that listen never wait."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from bridge.errors import OscError

log = logging.getLogger(__name__)


class Lane:
    """A few threads and a bounded queue before them."""

    def __init__(self, name: str, threads: int, capacity: int) -> None:
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(capacity)
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self, wait_s: float) -> None:
        """Begin nothing more, and wait this long for what is under way."""
        self._stopping = True
        for _ in self._threads:
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                break  # a thread that meets one of those looks at `_stopping` first
        for thread in self._threads:
            thread.join(wait_s)

    def submit(self, task: Callable[[], None]) -> None:
        """Have a task done, whose errors are only logged; raise `OscError` where too many wait already."""
        try:
            self._waiting.put_nowait(task)
        except queue.Full:
            raise OscError("The bridge has too much to do at once.", code="osc.busy", advice="Send it again.") from None

    def _run(self) -> None:
        while (task := self._waiting.get()) is not None and not self._stopping:
            try:
                task()
            except Exception:
                # Nobody would start the thread again, and whatever comes later would wait for ever.
                log.exception("a task of OSC")
