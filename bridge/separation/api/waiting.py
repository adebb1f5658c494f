"""How long to wait before asking again. Pure: time and random numbers are passed in.

There is no fixed end. A task that says how far it is gets asked in proportion to what is left; one that says nothing
gets asked at growing intervals; and being offline, for an hour or a night, only makes the intervals longer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from bridge.errors import AnswerLost, CloudError, NotSent, RefusedByCloud
from bridge.protocol.codes import TRANSIENT
from bridge.protocol.messages import TaskData
from bridge.protocol.refusals import ConcurrencyLimited, RateLimited

Random = Callable[[], float]
"""Gives a number from 0.0 up to 1.0."""

FIRST_S: Final = 2.0
LONGEST_S: Final = 15.0
GROWTH: Final = 1.4
JITTER: Final = 0.2
"""So many bridges that were started by the same power cut do not all ask at once."""

QUIET_S: Final = 15 * 60.0
"""Without any news for so long, a person is told, and the intervals grow further."""
QUIET_LONGEST_S: Final = 60.0

TROUBLE_FIRST_S: Final = 3.0
TROUBLE_LONGEST_S: Final = 120.0

BOUNDED_TRIES: Final = 12
"""How often in a row an answer may be strange before a person must look: some ten minutes."""


def spread(delay_s: float, longest_s: float, random: Random) -> float:
    """Return the delay, less or more by up to `JITTER`, but never more than `longest_s`."""
    return min(longest_s, delay_s * (1 - JITTER + 2 * JITTER * random()))


def growing(first_s: float, longest_s: float, count: int, random: Random, growth: float = 2.0) -> float:
    """Return the `count`th delay (from 0) of a series that grows from `first_s` to `longest_s`."""
    return spread(min(longest_s, first_s * growth ** min(count, 64)), longest_s, random)


class Trouble:
    """Counts what went wrong in a row, and says how long to wait, or that it is enough."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0
        self._strange = 0

    def over(self) -> None:
        """Know that something went right."""
        self._count = self._strange = 0

    def after(self, error: CloudError) -> float:
        """Return how long to wait in seconds, or raise `error` where waiting is no answer to it.

        A connection that fails is tried for ever. Strange answers (a damaged one again and again, an undocumented code
        known to pass, somebody else's page) get `BOUNDED_TRIES`. All else a person must mend.
        """
        if isinstance(error, RefusedByCloud):
            if not isinstance(error, (RateLimited, ConcurrencyLimited)):
                if error.answered not in TRANSIENT:
                    raise error
                self._bounded(error)
            return max(error.retry_after_s or 0.0, self.after_cut())
        if not isinstance(error, (NotSent, AnswerLost)):
            self._bounded(error)
        return self.after_cut()

    def after_cut(self) -> float:
        """Return how long to wait after a connection that broke, in seconds."""
        self._count += 1
        return growing(TROUBLE_FIRST_S, TROUBLE_LONGEST_S, self._count - 1, self._random)

    def _bounded(self, error: CloudError) -> None:
        self._strange += 1
        if self._strange >= BOUNDED_TRIES:
            raise error


class Patience:
    """When to ask again for a task that is in progress."""

    def __init__(self, random: Random, now: float) -> None:
        self._random = random
        self._count = 0
        self._started = self._changed = now
        self._last: tuple[str, float | None] | None = None

    def after(self, data: TaskData, now: float) -> float:
        """Return how long to wait after this answer, in seconds; `now` is any clock that never goes back."""
        if (data.status, data.progress) != self._last:
            self._last = (data.status, data.progress)
            self._changed = now
        self._count += 1
        if self.quiet(now):
            return growing(LONGEST_S, QUIET_LONGEST_S, int((now - self._changed) / QUIET_S) - 1, self._random)
        if data.progress:
            left = (now - self._started) * (1 - data.progress) / data.progress
            return spread(min(max(left / 4, FIRST_S / (1 - JITTER)), LONGEST_S), LONGEST_S, self._random)
        return max(FIRST_S, growing(FIRST_S, LONGEST_S, self._count - 1, self._random, GROWTH))

    def quiet(self, now: float) -> bool:
        """Say whether nothing has changed for `QUIET_S`."""
        return now - self._changed >= QUIET_S

    def minutes(self, now: float) -> int:
        """Return the whole minutes since anything changed."""
        return math.floor((now - self._changed) / 60)
