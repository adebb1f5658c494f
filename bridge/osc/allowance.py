"""How much may be said to whom: token buckets. The time is passed in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST_KEYS = 1024


class Allowance:
    """One bucket a key, full at first. Of too many keys the ones longest unused are forgotten."""

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never fall."""
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable = None) -> bool:
        """Take one token of a key, and say whether there was one."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(key, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            granted = left >= 1
            self._buckets[key] = (left - granted, now)
            if len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
            return granted
