"""When a file is settled: nothing here looks at a disk or a clock.

A candidate is one path. It has the signature last seen at that path, and since when. It is *due* for another look
when it will have stood still long enough; a look that finds the same signature makes it ready to be copied.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from bridge.jobs.arrival import Signature


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
        """How long a file stands still although its container says that there is more to come (60 s)."""
        return self.settle_s * 30


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that has settled."""

    path: str
    signature: Signature
    insist: bool
    """It has stood still beyond all patience: take it even if its container is not complete."""
    settled: bool = True
    """It has stood still as long as a file must whose close nobody saw."""


@dataclass(slots=True)
class _Candidate:
    signature: Signature
    since: float
    due: float
    unfinished: bool = False


class Settling:
    """All candidates, and in which order they come due."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._candidates: dict[str, _Candidate] = {}
        self._order: list[tuple[float, str]] = []

    def __contains__(self, path: str) -> bool:
        return path in self._candidates

    def see(self, path: str, signature: Signature, now: float, *, at_once: bool = False) -> None:
        """Note what a look has found at a path. What is known already goes on waiting.

        `at_once` asks for a first look now, at a file that can say by itself whether it is whole.
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
        """Return the paths that are due for a look; each must be answered by `look`, `postpone` or `forget`."""
        paths = []
        while self._order and self._order[0][0] <= now:
            due, path = heapq.heappop(self._order)
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.due == due:
                candidate.due = math.inf
                paths.append(path)
        return paths

    def next_due(self) -> float:
        """Return when the next look is due; infinity where nothing waits."""
        while self._order:
            due, path = self._order[0]
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.due == due:
                return due
            heapq.heappop(self._order)
        return math.inf

    def look(self, path: str, signature: Signature, now: float) -> Ready | None:
        """Decide about a path that was due, given the signature that it has now.

        Where it is ready it stays a candidate without a due time, until `accepted`, `postpone` or a change.
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
        """Note that the container of a ready file is not complete: wait for a change, or for patience to end."""
        candidate = self._candidates.get(path)
        if candidate is not None and candidate.signature == signature:
            candidate.unfinished = True
            self._set_due(path, min(now + self.pace.still_s, candidate.since + self.pace.patience_s))

    def accepted(self, path: str, signature: Signature) -> None:
        """Let go of a path, unless it has changed since that signature."""
        candidate = self._candidates.get(path)
        if candidate is not None and candidate.signature == signature:
            del self._candidates[path]

    def forget(self, path: str) -> None:
        """Let go of a path that is no more."""
        self._candidates.pop(path, None)

    def postpone(self, path: str, until: float) -> None:
        """Look at a candidate again at that time, not before."""
        if path in self._candidates:
            self._set_due(path, until)

    def restart(self, now: float) -> None:
        """Begin all waiting anew: while this machine slept, standing still proved nothing."""
        for path, candidate in self._candidates.items():
            if candidate.due != math.inf:
                candidate.since = now
                self._set_due(path, now + self.pace.still_s)

    def _set_due(self, path: str, due: float) -> None:
        self._candidates[path].due = due
        heapq.heappush(self._order, (due, path))
