"""How often somebody may do something: one token bucket a key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MOST_KEYS: Final = 1024


class RateLimit:
    """Token buckets, one a key, full at first. Threads may share one.

    At most `MOST_KEYS` are remembered: beyond that the key that was used longest ago is forgotten, and starts again
    with a full bucket. So whoever makes up keys cannot fill the memory.
    """

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float]) -> None:
        """`burst` is the bucket's size, `per_second` what flows in; `clock` gives seconds that never fall."""
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable = None) -> bool:
        """Take one token of a key, and say whether there was one."""
        return self.wait_s(key) == 0

    def wait_s(self, key: Hashable = None) -> float:
        """Take one token of a key and return 0.0, or take none and return the seconds until there is one."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(key, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            granted = left >= 1
            self._buckets[key] = (left - granted, now)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        if granted:
            return 0.0
        return (1 - left) / self._per_second if self._per_second else float("inf")
