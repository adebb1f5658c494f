"""Who asked to hear of every job, and until when. The time is passed in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

from bridge.errors import OscError
from bridge.osc.peers import Peer

MOST: Final = 64
DEFAULT_S: Final = 600
LONGEST_S: Final = 86400


class Subscribers:
    """Subscriptions run out unless they are renewed. Threads may share one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never fall."""
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[Peer, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, peers: Iterable[Peer], seconds: int) -> None:
        """Add or renew; 0 seconds end it. Raises `OscError`, and has then done nothing."""
        if not 0 <= seconds <= LONGEST_S:
            raise OscError(f"{seconds} seconds are not 0 to {LONGEST_S}.", code="osc.arguments")
        with self._lock:
            wanted = dict.fromkeys(peers, self._clock() + seconds)
            if not seconds:
                for peer in wanted:
                    self._until.pop(peer, None)
                return
            self._expire()
            if len(self._until.keys() | wanted) > MOST:
                raise OscError(
                    f"{MOST} others hear of every job already.",
                    code="osc.full",
                    advice="End a subscription with 0 seconds, or let one run out.",
                )
            self._until.update(wanted)

    def remove(self, peer: Peer) -> None:
        """Forget one that is gone."""
        with self._lock:
            self._until.pop(peer, None)

    def all(self) -> set[Peer]:
        """Return those whose time is not over."""
        with self._lock:
            self._expire()
            return set(self._until)

    def _expire(self) -> None:
        now = self._clock()
        for peer in [peer for peer, until in self._until.items() if until <= now]:
            del self._until[peer]
