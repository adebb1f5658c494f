"""Opening the port: the same for UDP and TCP."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Final

from bridge.errors import OscError
from bridge.osc.peers import SocketAddress

_BUFFER: Final = 4 * 1024 * 1024
"""Bytes that wait for us in the system: a fifth of a second and more of 20,000 messages a second."""
_BACKLOG: Final = 128
_TRIES: Final = 20


def open_port(host: str, port: int, *, tcp: bool) -> tuple[socket.socket, socket.socket | None]:
    """Bind a UDP socket and, where `tcp`, a listening TCP socket at the same port; port 0 finds one free for both.

    Raises `OscError` where that cannot be.
    """
    family, (address, _, *scope) = resolve(host)
    for tries_left in reversed(range(_TRIES)):
        datagrams = _bind(family, socket.SOCK_DGRAM, (address, port, *scope))
        if not tcp:
            return datagrams, None
        chosen: int = datagrams.getsockname()[1]
        try:
            return datagrams, _bind(family, socket.SOCK_STREAM, (address, chosen, *scope))
        except OscError:
            datagrams.close()
            if port or not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def resolve(host: str) -> tuple[socket.AddressFamily, SocketAddress]:
    """Return the family and the address, at port 0, of a name or number; raise `OscError` where it means nothing here.

    An address that holds on one network alone ("fe80::1%eth0") keeps that network, which its text alone does not.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise OscError(
            f"[osc] host {host!r} is no address of this machine.", code="osc.host", advice='Use "127.0.0.1".'
        ) from error
    # "localhost" may be both; what is sent to it by old programs goes to IPv4.
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _bind(family: socket.AddressFamily, kind: socket.SocketKind, address: SocketAddress) -> socket.socket:
    opened = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6 and address[0] == "::":
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if sys.platform == "win32":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == socket.SOCK_DGRAM:
            _widen(opened)
        opened.bind(address)
        if kind == socket.SOCK_STREAM:
            opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise _unopened(error, address) from error
    return opened


def _widen(datagrams: socket.socket) -> None:
    # The forced one passes over the system's limit, and takes a right that we seldom have.
    forced = getattr(socket, "SO_RCVBUFFORCE", 33) if sys.platform == "linux" else socket.SO_RCVBUF
    for option in (forced, socket.SO_RCVBUF):
        try:
            datagrams.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        except OSError:
            continue
        return


def _unopened(error: OSError, address: SocketAddress) -> OscError:
    host, port = address[:2]
    # Windows says that access is denied where another program has the port to itself.
    taken = (errno.EADDRINUSE, errno.EACCES) if sys.platform == "win32" else (errno.EADDRINUSE,)
    if error.errno in taken:
        return OscError(
            f"OSC cannot listen at {host} port {port}: another program has it.",
            code="osc.port",
            advice="Is another bridge running? Otherwise choose another number for [osc] port.",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return OscError(
            f"OSC cannot listen at {host}: this machine has no such address.",
            code="osc.host",
            advice='Set [osc] host to an address of this machine; "127.0.0.1" is for this machine alone.',
        )
    return OscError(
        f"OSC cannot listen at {host} port {port}: {error.strerror or error}.",
        code="osc.port",
        advice="Choose another number for [osc] port.",
    )
