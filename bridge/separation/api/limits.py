"""The limits of a key on tasks at once and on calls, learnt from refusals. Pure: time is passed in.

Neither limit is documented, both may change, and other programs may use the same key.
"""

from __future__ import annotations

from typing import Final

from bridge.separation.api.waiting import Random, growing

PROBE_S: Final = 600.0
"""After so long without a refusal, one task more is tried."""

FIRST_HOLD_S: Final = 5.0
LONGEST_HOLD_S: Final = 300.0


class Concurrency:
    """How many of our own tasks may run: no limit until 101004 shows one."""

    def __init__(self) -> None:
        self._limit: int | None = None
        self._raise_at = 0.0

    def room(self, running: int, now: float) -> bool:
        """Say whether a task may be ordered while `running` others of ours run. The first always may."""
        if self._limit is not None and now >= self._raise_at:
            self._limit += 1
            self._raise_at = now + PROBE_S
        return running == 0 or self._limit is None or running < self._limit

    def refused(self, running: int, now: float) -> None:
        """Learn from 101004, met while `running` others of ours ran."""
        self._limit = max(1, running)
        self._raise_at = now + PROBE_S


class Rate:
    """Until when to send nothing, after 101003."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._refusals = 0
        self._until = 0.0

    def refused(self, retry_after_s: float | None, now: float) -> None:
        """Learn from a refusal: hold for as long as the service asks, and longer each time."""
        delay = growing(FIRST_HOLD_S, LONGEST_HOLD_S, self._refusals, self._random)
        self._refusals += 1
        self._until = max(self._until, now + max(delay, retry_after_s or 0.0))

    def passed(self) -> None:
        """Know that a request was let through."""
        self._refusals = 0

    def hold(self, now: float) -> float:
        """Return how many seconds to send nothing."""
        return max(0.0, self._until - now)
