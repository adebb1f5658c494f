"""UDP without waiting: Live has one thread for everything, and a call that blocks freezes its window."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from .osc import LARGEST, Message, Value, decode, encode


class Sender(NamedTuple):
    """Where a message comes from, or goes to."""

    host: str
    port: int


_AT_ONCE = 64
"""Packets read in one tick: a flood must not hold Live up."""


class Refused(Exception):
    """Nobody listens at the other end."""


class Ear:
    """Where this script is spoken to, on this machine only. Raises `OSError` where the port is taken."""

    def __init__(self, port: int) -> None:
        self._socket = _quick_socket()
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]

    def read(self) -> Iterator[tuple[Message, Sender]]:
        """Yield what has come; what is no OSC message is passed over."""
        for _ in range(_AT_ONCE):
            try:
                packet, sender = self._socket.recvfrom(LARGEST)
                yield decode(packet), Sender(*sender)
            except ConnectionError:
                # Windows reports here that an earlier answer found nobody.
                continue
            except OSError:
                return
            except ValueError:
                continue

    def send(self, to: Sender, address: str, *values: Value) -> None:
        """Send a message; nobody may be there."""
        _send(self._socket, to, encode(address, *values))

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


class Line:
    """A socket of its own to the bridge: what comes back on it is about what was asked on it."""

    def __init__(self, to: Sender) -> None:
        self.to = to
        self._socket = _quick_socket()
        try:
            self._socket.connect(to)
        except OSError as error:
            self._socket.close()
            raise Refused from error

    def send(self, address: str, *values: Value) -> None:
        """Send a message; raises `Refused` where the system knows already that nobody is there."""
        try:
            self._socket.send(encode(address, *values))
        except BlockingIOError:
            return
        except OSError as error:
            raise Refused from error

    def read(self) -> Iterator[Message]:
        """Yield what the bridge has said; raises `Refused` where nobody is there."""
        for _ in range(_AT_ONCE):
            try:
                yield decode(self._socket.recv(LARGEST))
            except BlockingIOError:
                return
            except OSError as error:
                raise Refused from error
            except ValueError:
                continue

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


def _quick_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _send(by: socket.socket, to: Sender, packet: bytes) -> None:
    try:
        by.sendto(packet, to)
    except OSError:
        return
