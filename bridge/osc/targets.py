"""The configured targets: from a host's name and port to a peer."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from bridge.osc.options import Endpoint
from bridge.osc.peers import Outlet, Peer, host_of

log = logging.getLogger(__name__)

_LOOK_S: Final = 60.0
"""How often names are looked up again: a machine may be switched on late, or get another address."""


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
