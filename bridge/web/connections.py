"""Connections of slow, silent and too many clients: deadlines by time, and an upper bound on how many are open.

uvicorn by itself waits for ever for the rest of a request, and for a reader that does not read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bridge.web.listening import ConnectionLimits

log = logging.getLogger(__name__)


class OpenConnections:
    """All open connections of one server. Used on its event loop only."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[GuardedConnection, str] = {}

    def add(self, connection: GuardedConnection, host: str) -> bool:
        """Count a new connection in, and say whether there was room.

        Where there is none, the oldest connection that waits for a request is closed, so that idle clients keep nobody
        out.
        """
        peer = peer_of(host)
        if peer and not self._room(self.limits.open_per_peer, lambda other: other == peer):
            return False
        if not self._room(self.limits.open, lambda _other: True):
            return False
        self._open[connection] = peer
        return True

    def forget(self, connection: GuardedConnection) -> None:
        """Count a closed connection out."""
        self._open.pop(connection, None)

    def _room(self, most: int, belongs: Callable[[str], bool]) -> bool:
        if len(self._open) < most:
            return True
        found = [connection for connection, peer in self._open.items() if belongs(peer)]
        if len(found) < most:
            return True
        waiting = next((connection for connection in found if connection.waits_for_request), None)
        if waiting is not None:
            waiting.close()
        return waiting is not None


class GuardedConnection(H11Protocol):
    """uvicorn's connection, with deadlines. Whatever is late is closed at once, without an answer."""

    def __init__(self, config: uvicorn.Config, *args: Any, **named: Any) -> None:
        super().__init__(config, *args, **named)
        assert isinstance(config, GuardedConfig)
        self._all = config.connections
        self._limits = config.connections.limits
        self._phase: object = None
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._body_bytes = 0

    @property
    def waits_for_request(self) -> bool:
        """Whether no request is being answered or received here, apart from an incomplete head."""
        return self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        if self._all.add(self, self.client[0] if self.client else ""):
            self._follow_phase()
        else:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._all.forget(self)
        for timer in (self._reading, self._writing):
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Close at once, also where something is still to be written."""
        self._all.forget(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        self._body_bytes += len(data)
        super().data_received(data)
        self._follow_phase()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._follow_phase()

    def pause_writing(self) -> None:
        """Give the client time to read what it asked for."""
        super().pause_writing()
        self._writing = self.loop.call_later(self._limits.write_s, self.close)

    def resume_writing(self) -> None:
        """Note that the client has read."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, without a body: whoever sends that reads none."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            head = h11.Response(status_code=400, headers=[("Connection", "close"), ("Content-Length", "0")])
            self.transport.write(self.conn.send(head) or b"")
        log.debug("a client's request is not HTTP: %s", msg)
        self.transport.close()

    def _follow_phase(self) -> None:
        """Start the deadline of what the client does now, where that has changed."""
        phase = self.conn.their_state
        if phase is self._phase:
            return
        self._phase = phase
        if self._reading is not None:
            self._reading.cancel()
        if phase is h11.IDLE:
            self._reading = self.loop.call_later(self._limits.head_s, self.close)
        elif phase is h11.SEND_BODY:
            self._expect_body()

    def _expect_body(self) -> None:
        self._body_bytes = 0
        self._reading = self.loop.call_later(self._limits.body_s, self._check_body)

    def _check_body(self) -> None:
        # A body that goes on after its answer is of no use to anybody.
        answered = self.cycle.response_complete
        if answered or (self._body_bytes < self._limits.body_bytes and not self.flow.read_paused):
            self.close()
        else:
            self._expect_body()


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration, with the connections that a server's protocols share."""

    connections: OpenConnections


def peer_of(host: str) -> str:
    """Return what counts as one peer: an IPv4 address, an IPv6 network of 64 bits; "" for this machine.

    >>> peer_of("192.0.2.7"), peer_of("2001:db8::1") == peer_of("2001:db8::2"), peer_of("127.0.0.1")
    ('192.0.2.7', True, '')
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address), 64), strict=False))
    return str(address)
