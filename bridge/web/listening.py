"""Addresses to listen on, and the rules about them. No web framework is needed here."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BACKLOG: Final = 2048
MOST_FILES: Final = 8192
"""More open files than that are not asked for: macOS refuses more than 10,240."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. Port 0 takes any free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate chain and its private key, both PEM."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may take, and how many there may be."""

    head_s: float = 30.0
    """Until a request's head is complete, from the connection's begin or the last answer on."""
    body_s: float = 60.0
    """In each such time the body must bring `body_bytes`, or end. Time in which we do not read does not count."""
    body_bytes: int = 240 * 1024
    write_s: float = 60.0
    """In each such time the client must read what is buffered for it (about 64 KiB)."""
    open: int = 4096
    open_per_peer: int = 128
    """From one address, or one IPv6 network of 64 bits. Not for loopback: there all clients of a proxy are one peer."""


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach what listens on `host`.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "127.1", "studio.example")]
    [True, True, True, False, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def may_listen(host: str, *, encrypted: bool) -> bool:
    """Say whether a door may listen on `host`: beyond this machine only where something encrypts.

    `encrypted` is true with TLS of our own, and where a proxy in front of us does it.
    """
    return encrypted or is_loopback(host)


def open_socket(address: Address) -> socket.socket:
    """Listen on an address. Raises `OSError` where it is taken or not ours."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    # asyncio sends small answers at once (TCP_NODELAY) only where a socket says that it is TCP, which this one does
    # not by itself: each answer would wait 40 ms for the peer's acknowledgement of its first half.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())


def raise_file_limit(wanted: int) -> int:
    """Let this process open `wanted` files if the system permits it, and return how many it may open now.

    Many systems start with 1,024 or even 256: so many idle connections would silence a server.
    """
    if sys.platform == "win32":
        return MOST_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
