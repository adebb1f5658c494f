"""The other ends: whoever sends to the bridge or hears of its jobs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Hashable
from ipaddress import ip_address
from typing import Any, NamedTuple, Protocol

from bridge.osc.counters import Counters

SocketAddress = tuple[Any, ...]
"""(host, port) of IPv4, (host, port, flow, scope) of IPv6."""


class Peer(Hashable, Protocol):
    """One other end. Two that are equal are the same, and hear everything once."""

    @property
    def host(self) -> str:
        """Its numeric address."""
        ...

    @property
    def is_stream(self) -> bool:
        """Whether it is a TCP connection."""
        ...

    def send(self, packet: bytes) -> bool:
        """Send at once or not at all, never waiting and never raising; False: it is gone for good."""
        ...


Handler = Callable[[bytes, Peer], None]
"""Deals with a packet of a peer, and never raises."""


class UdpPeer(NamedTuple):
    """A UDP port of some host."""

    outlet: Outlet
    address: SocketAddress
    bound: bool = True
    """Whether the port that the bridge listens at can send to it."""

    @property
    def host(self) -> str:
        """Its numeric address."""
        return host_of(self.address)

    @property
    def is_stream(self) -> bool:
        """No."""
        return False

    def send(self, packet: bytes) -> bool:
        """Send one datagram. Whether anybody listens there cannot be known."""
        self.outlet.send(packet, self)
        return True


class Outlet:
    """Where datagrams leave: the port we listen at, so that an answer comes from where the question went."""

    def __init__(self, listening: socket.socket, counters: Counters) -> None:
        """`listening` must be bound; it stays the caller's."""
        # Its own object, since the timeout with which the other one listens must not hold up what is sent.
        self._bound = listening.dup()
        self._bound.setblocking(False)
        address: SocketAddress = listening.getsockname()
        self._host, self._port = host_of(address), address[1]
        self._here = ip_address(self._host.partition("%")[0])
        self._mapped = listening.family == socket.AF_INET6 and self._here.is_unspecified
        self._counters = counters
        self._lock = threading.Lock()
        self._free: dict[int, socket.socket] = {}

    def close(self) -> None:
        """Close the sockets."""
        with self._lock:
            for each in (self._bound, *self._free.values()):
                each.close()

    def knock(self) -> None:
        """Send an empty datagram to the port we listen at, so that whoever waits there looks up."""
        loopback = "127.0.0.1" if self._here.version == 4 else "::1"
        to = self.at(loopback if self._here.is_unspecified else self._host, self._port)
        with contextlib.suppress(OSError):  # then it looks up a little later by itself
            self._bound.sendto(b"", to.address)

    def at(self, host: str, port: int) -> UdpPeer:
        """Return the peer at a numeric address; raise `OSError` or `ValueError` where it is none."""
        plain, _, scope = host.partition("%")
        there = ip_address(plain)
        there = getattr(there, "ipv4_mapped", None) or there
        is_far = self._here.is_loopback and not there.is_loopback
        if there.version == 4 and self._mapped:
            return UdpPeer(self, (f"::ffff:{there}", port, 0, 0))
        address: SocketAddress = (str(there), port)
        if there.version == 6:
            address = (*address, 0, _scope_id(scope))
        return UdpPeer(self, address, there.version == self._here.version and not is_far)

    def send(self, packet: bytes, peer: UdpPeer) -> None:
        """Send a datagram, or count it as dropped where the system takes it not."""
        try:
            sender = self._bound if peer.bound else self._unbound(len(peer.address))
            sender.sendto(packet, peer.address)
        except (OSError, OverflowError):
            # No room, no route, no such port: feedback is not worth waiting for, nor failing over.
            self._counters.add("dropped")
        else:
            self._counters.add("sent")

    def _unbound(self, parts: int) -> socket.socket:
        family = socket.AF_INET6 if parts == 4 else socket.AF_INET
        with self._lock:
            if family not in self._free:
                self._free[family] = socket.socket(family, socket.SOCK_DGRAM)
                self._free[family].setblocking(False)
            return self._free[family]


def host_of(address: SocketAddress) -> str:
    """Return the numeric address, with the number of its network where it means nothing without one (RFC 4007)."""
    scope = address[3] if len(address) == 4 else 0
    return f"{address[0]}%{scope}" if scope else str(address[0])


def _scope_id(scope: str) -> int:
    if not scope:
        return 0
    return int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
