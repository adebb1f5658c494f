"""How many calls a key may make: a token bucket each. Pure; the time is passed in."""

from __future__ import annotations


class Rates:
    """One bucket a key, full at first; a minute's worth may be used at once."""

    def __init__(self, calls_per_minute: int) -> None:
        """0 means no limit."""
        self._capacity = float(calls_per_minute)
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_s(self, key: int, now: float) -> float:
        """Take one call at `now` (seconds, never falling) and return 0, or the seconds until there is one to take."""
        if not self._capacity:
            return 0.0
        a_second = self._capacity / 60
        left, since = self._buckets.get(key, (self._capacity, now))
        left = min(self._capacity, left + (now - since) * a_second)
        if left < 1:
            self._buckets[key] = (left, now)
            return (1 - left) / a_second
        self._buckets[key] = (left - 1, now)
        return 0.0
