"""Delays orders and questions to what the key's limits allow; all threads share one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from bridge.errors import RefusedByCloud
from bridge.protocol.refusals import ConcurrencyLimited, RateLimited
from bridge.separation.api.interfaces import Watch
from bridge.separation.api.limits import Concurrency, Rate
from bridge.separation.api.waiting import Random

FULL_S: Final = 5.0
"""How often to check whether one of our tasks has ended."""


class Throttle:
    """Delays orders while the limits of the key are reached."""

    def __init__(self, random: Random, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._concurrency, self._rate = Concurrency(), Rate(random)
        self._running: set[str] = set()

    def enter(self, task: str, watch: Watch) -> None:
        """Return once `task` may be ordered; it then counts as running until `leave`. Raises what `watch` raises."""
        while (delay := self._try(task)) > 0:
            watch.notice("The limit of tasks at once of this key is reached; this job waits for its turn.")
            watch.wait(delay)

    def running(self, task: str) -> None:
        """Count `task` as running: it was ordered before a restart."""
        with self._lock:
            self._running.add(task)

    def leave(self, task: str) -> None:
        """No longer count `task` as running."""
        with self._lock:
            self._running.discard(task)

    def pause(self, watch: Watch) -> None:
        """Wait until the key's rate allows one more question. Raises what `watch` raises."""
        while (delay := self._hold()) > 0:
            watch.wait(delay)

    def learn(self, task: str, error: RefusedByCloud | None) -> None:
        """Adapt the limits to the answer of an order or a question; None means that it was accepted."""
        with self._lock:
            now = self._monotonic()
            if isinstance(error, ConcurrencyLimited):
                self._running.discard(task)
                self._concurrency.refused(len(self._running), now)
            elif isinstance(error, RateLimited):
                self._rate.refused(error.retry_after_s, now)
            else:
                self._rate.passed()

    def _hold(self) -> float:
        with self._lock:
            return self._rate.hold(self._monotonic())

    def _try(self, task: str) -> float:
        with self._lock:
            now = self._monotonic()
            delay = self._rate.hold(now)
            others = len(self._running - {task})
            if not delay and not self._concurrency.room(others, now):
                delay = FULL_S
            if not delay:
                self._running.add(task)
            return delay
