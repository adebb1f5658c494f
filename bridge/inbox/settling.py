"""Decides when a file has settled. Reads neither disk nor clock: signatures and times are passed in.

A candidate is one path, with the signature last seen there and since when. It is *due* for a check when it will have
stood still long enough. A check that finds the same signature makes it ready to be copied.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from bridge.jobs.arrival import Signature

_SLACK_S = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, all in multiples of the configured settling time."""

    settle_s: float = 2.0
    remote: bool = False
    """On a network share: closing a file proves nothing there, since another machine may still send its data."""

    @property
    def closed_s(self) -> float:
        """How long a file stands still after its writer was seen to close it (2 s)."""
        return self.still_s if self.remote else self.settle_s

    @property
    def still_s(self) -> float:
        """How long a file stands still where no close was seen (5 s, on a share 15 s)."""
        return self.settle_s * (7.5 if self.remote else 2.5)

    @property
    def patience_s(self) -> float:
        """How long a file must stand still whose container is not complete, before it is taken all the same (60 s)."""
        return self.settle_s * 30


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that has settled."""

    path: str
    signature: Signature
    insist: bool
    """It has stood still for `Pace.patience_s`: take it even if its container is not complete."""
    settled: bool = True
    """It has stood still for `Pace.still_s`, which is enough where no close was seen."""


@dataclass(slots=True)
class _Candidate:
    signature: Signature
    since: float
    due: float
    unfinished: bool = False


class Settling:
    """All candidates, ordered by when they are due for a check."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._candidates: dict[str, _Candidate] = {}
        self._order: list[tuple[float, str]] = []

    def __contains__(self, path: str) -> bool:
        return path in self._candidates

    def see(self, path: str, signature: Signature, now: float, *, at_once: bool = False) -> None:
        """Note the signature found at a path. A candidate that is known already goes on waiting.

        `at_once` makes a new one due now: a job file shows by itself whether it is whole.
        """
        candidate = self._candidates.get(path)
        if candidate is None or candidate.signature != signature:
            self._candidates[path] = _Candidate(signature, now, math.inf)
            self._set_due(path, now if at_once else now + self.pace.still_s)

    def close(self, path: str, signature: Signature, now: float) -> None:
        """Note that the writer of a candidate closed it, leaving it with this signature."""
        self.see(path, signature, now)
        candidate = self._candidates[path]
        if not candidate.unfinished and candidate.due != math.inf:
            self._set_due(path, min(candidate.due, now + self.pace.closed_s))

    def take_due(self, now: float) -> list[str]:
        """Return the paths that are due for a check; each must be answered by `check`, `postpone` or `forget`."""
        paths = []
        while self._order and self._order[0][0] <= now:
            due, path = heapq.heappop(self._order)
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.due == due:
                candidate.due = math.inf
                paths.append(path)
        return paths

    def next_due(self) -> float:
        """Return when the next check is due; infinity where nothing waits."""
        while self._order:
            due, path = self._order[0]
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.due == due:
                return due
            heapq.heappop(self._order)
        return math.inf

    def check(self, path: str, signature: Signature, now: float) -> Ready | None:
        """Return whether a path that was due is ready, given the signature that it has now; None: it waits on.

        A ready path stays a candidate without a due time, until `accepted`, `postpone` or a change.
        """
        candidate = self._candidates.get(path)
        if candidate is None or candidate.signature != signature:
            self.see(path, signature, now)
            return None
        insist = now >= candidate.since + self.pace.patience_s
        if candidate.unfinished and not insist:
            self._set_due(path, min(now + self.pace.still_s, candidate.since + self.pace.patience_s))
            return None
        return Ready(path, signature, insist, settled=now >= candidate.since + self.pace.still_s)

    def unfinished(self, path: str, signature: Signature, now: float) -> None:
        """Note that the container of a ready file is not complete: wait for a change, at most for `Pace.patience_s`."""
        candidate = self._candidates.get(path)
        if candidate is not None and candidate.signature == signature:
            candidate.unfinished = True
            self._set_due(path, min(now + self.pace.still_s, candidate.since + self.pace.patience_s))

    def accepted(self, path: str, signature: Signature) -> None:
        """Drop a candidate that is dealt with, unless it has changed since that signature."""
        candidate = self._candidates.get(path)
        if candidate is not None and candidate.signature == signature:
            del self._candidates[path]

    def forget(self, path: str) -> None:
        """Drop a candidate whose file is gone."""
        self._candidates.pop(path, None)

    def postpone(self, path: str, until: float) -> None:
        """Check a candidate at that time, not before."""
        if path in self._candidates:
            self._set_due(path, until)

    def restart(self, now: float) -> None:
        """Restart all waits: while this machine was suspended, standing still proved nothing."""
        for path, candidate in self._candidates.items():
            if candidate.due != math.inf:
                candidate.since = now
                self._set_due(path, now + self.pace.still_s)

    def _set_due(self, path: str, due: float) -> None:
        self._candidates[path].due = due
        heapq.heappush(self._order, (due, path))


@dataclass(frozen=True, slots=True)
class Instant:
    """Both clocks, read together."""

    monotonic: float
    wall: float


def was_suspended(before: Instant, after: Instant, planned_s: float) -> bool:
    """Say whether the machine was suspended during a wait that should have taken at most `planned_s`.

    On Linux and macOS the monotonic clock stops meanwhile, so the two clocks drift apart. On Windows, and where the
    process was stopped, it goes on, so the wait was too long. A wall clock that was set counts too: that costs one
    scan.
    """
    waited = after.monotonic - before.monotonic
    return waited > planned_s + _SLACK_S or abs(after.wall - before.wall - waited) > _SLACK_S
