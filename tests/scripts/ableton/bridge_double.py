"""What the script talks to where a test must decide what is answered: a real OSC peer, of python-osc's messages."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.ports import free_port

Message = tuple[str, list[Any]]


def packet(address: str, *values: Any) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    built: bytes = builder.build().dgram
    return built


class Bridge:
    """A UDP socket that notes who asked for what."""

    def __init__(self, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = port or free_port()
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        self.heard: list[Message] = []
        self.askers: dict[str, tuple[str, int]] = {}
        self.listener = 0

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def read(self) -> list[Message]:
        """Return all that has been heard so far."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                data, sender = self.socket.recvfrom(65_536)
                message = OscMessage(data)
                self.heard.append((message.address, list(message.params)))
                self.askers[message.address] = sender
                if message.address == "/stembridge/subscribe":
                    self.listener = message.params[0]
        return self.heard

    def asked(self, address: str) -> list[list[Any]]:
        return [values for heard, values in self.read() if heard == address]

    def answer(self, to: str, address: str, *values: Any) -> None:
        """Answer to whom has sent `to`."""
        self.socket.sendto(packet(address, *values), self.askers[to])

    def tell(self, address: str, *values: Any) -> None:
        """Tell the subscriber."""
        self.socket.sendto(packet(address, *values), ("127.0.0.1", self.listener))
