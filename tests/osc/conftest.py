from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from bridge.osc.audience import Subscribers, Targets
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.counters import Counters
from bridge.osc.options import OscOptions
from bridge.osc.peers import Outlet
from bridge.osc.server import OscServer
from tests.osc.oscdesk import Clock, Desk, Jobs, TcpClient, UdpClient


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_job() -> Jobs:
    return Jobs()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        with closing(Outlet(listening, Counters())) as outlet:
            yield outlet


@pytest.fixture
def subscribers(clock: Clock) -> Subscribers:
    return Subscribers(clock)


@pytest.fixture
def broadcaster(outlet: Outlet, subscribers: Subscribers, clock: Clock) -> Broadcaster:
    return Broadcaster(subscribers, Targets(outlet, (), ()), (), Counters(), clock)


@pytest.fixture
def room(desk: Desk) -> Iterator[OscServer]:
    with OscServer(OscOptions(port=0), desk, "1.2.3") as room:
        yield room


@pytest.fixture
def udp(room: OscServer) -> Iterator[Callable[[], UdpClient]]:
    with ExitStack() as stack:

        def connect() -> UdpClient:
            client = UdpClient(room.port)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture
def tcp(room: OscServer) -> Iterator[Callable[[], TcpClient]]:
    with ExitStack() as stack:

        def connect() -> TcpClient:
            client = TcpClient(room.port)
            stack.callback(client.close)
            return client

        yield connect
