"""Who hears everything: those who subscribed, each for its time, and the configured targets."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Final

from bridge.errors import OscError
from bridge.osc.options import Endpoint
from bridge.osc.peers import Outlet, Peer, host_of

log = logging.getLogger(__name__)

MOST_SUBSCRIBERS: Final = 64
DEFAULT_S: Final = 600
LONGEST_S: Final = 86400
_LOOK_S: Final = 60.0
"""How often names are looked up again: a machine may be switched on late, or get another address."""


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
            if len(self._until.keys() | wanted) > MOST_SUBSCRIBERS:
                raise OscError(
                    f"{MOST_SUBSCRIBERS} others hear of every job already.",
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


class Targets:
    """Who is told of every job by configuration, and who is poked. Looking up a name holds nobody up."""

    def __init__(self, outlet: Outlet, hear_all: Iterable[Endpoint], poked: Iterable[Endpoint]) -> None:
        self._outlet = outlet
        self._hear_all = tuple(hear_all)
        self._peers: dict[Endpoint, Peer] = {}
        self._all: set[Peer] = set()
        self._missed: set[Endpoint] = set()
        self._stopping = threading.Event()
        endpoints = {*self._hear_all, *poked}
        self._names = {each for each in endpoints if not _is_quick(each.host)}
        for endpoint in endpoints - self._names:
            self._look_up(endpoint)
        self._thread = threading.Thread(target=self._run, name="osc-names", daemon=True)

    def start(self) -> None:
        """Begin to look names up, if there are any."""
        if self._names:
            self._thread.start()

    def stop(self) -> None:
        """Look up no more; a look-up that is under way is left alone."""
        self._stopping.set()

    def all(self) -> set[Peer]:
        """Return who is told of every job, as far as they are known."""
        return self._all

    def peer(self, endpoint: Endpoint) -> Peer | None:
        """Return the peer at an endpoint; None while its name is not found."""
        return self._peers.get(endpoint)

    def _run(self) -> None:
        while not self._stopping.is_set():
            for endpoint in self._names:
                self._look_up(endpoint)
            self._stopping.wait(_LOOK_S)

    def _look_up(self, endpoint: Endpoint) -> None:
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_DGRAM)
            peers = [self._outlet.at(host_of(each[4]), endpoint.port) for each in found]
        except (OSError, UnicodeError, ValueError) as error:
            if endpoint not in self._missed:
                log.warning("OSC cannot be sent to %s port %d: %s; it is looked for again", *endpoint, error)
            self._missed.add(endpoint)
            return
        peers.sort(key=lambda peer: (not peer.bound, len(peer.address)))
        self._missed.discard(endpoint)
        self._peers[endpoint] = peers[0]
        self._all = {self._peers[each] for each in self._hear_all if each in self._peers}


def _is_quick(host: str) -> bool:
    """Say whether a host's address is known without asking anybody."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    return True
