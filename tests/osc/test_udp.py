from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from bridge.osc.counters import Counters
from bridge.osc.limits import AllowedHosts
from bridge.osc.peers import Outlet, Peer
from bridge.osc.udp import UdpListener
from tests.osc.oscdesk import Clock, wait_for

BURST = 8
ROOM = 32 * 1024
"""Bytes that the system is asked to keep for us: on Linux some dozens of small datagrams."""

Listen = Callable[[Callable[[bytes, Peer], None]], socket.socket]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Listens with a handler, and gives a socket that sends there."""
    with ExitStack() as stack:

        def begin(handle: Callable[[bytes, Peer], None]) -> socket.socket:
            listening, sender = (
                stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)
            )
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
            listening.bind(("127.0.0.1", 0))
            sender.connect(listening.getsockname())
            counters = Counters()
            outlet = stack.enter_context(closing(Outlet(listening, counters)))
            listener = UdpListener(listening, outlet, AllowedHosts((), Clock()), handle, counters)
            listener.start()
            stack.callback(listener.stop)
            return sender

        yield begin


def test_what_comes_while_others_are_handled_is_taken_in_and_handled_in_its_order(listen: Listen) -> None:
    heard: list[int] = []
    sent = 1

    def handle(packet: bytes, peer: Peer) -> None:
        nonlocal sent
        heard.append(int(packet))
        for number in range(sent, min(sent + BURST, 1000)):
            sender.send(b"%d" % number)
            sent = number + 1

    sender = listen(handle)
    sender.send(b"0")
    wait_for(lambda: len(heard) == 1000)
    assert heard == list(range(1000))
