from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bridge.osc.audience import Targets
from bridge.osc.counters import Counters
from bridge.osc.options import Endpoint
from bridge.osc.peers import Outlet, UdpPeer
from tests.osc.oscdesk import PATIENCE_S

MakeOutlet = Callable[[str], tuple[Outlet, int, Counters]]


@pytest.fixture
def make_outlet() -> Iterator[MakeOutlet]:
    with ExitStack() as stack:

        def make(host: str) -> tuple[Outlet, int, Counters]:
            counters = Counters()
            listening = stack.enter_context(_bound(host))
            outlet = Outlet(listening, counters)
            stack.callback(outlet.close)
            return outlet, listening.getsockname()[1], counters

        yield make


def _bound(host: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    if host == "::":
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    bound.bind((host, 0))
    bound.settimeout(PATIENCE_S)
    return bound


@pytest.mark.parametrize("at", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("to", ["127.0.0.1", "::1"])
def test_whatever_is_listened_at_every_host_of_both_kinds_can_be_told(
    make_outlet: MakeOutlet, at: str, to: str
) -> None:
    outlet, _, counters = make_outlet(at)
    with _bound(to) as ear:
        outlet.at(to, ear.getsockname()[1]).send(b"hello")
        assert ear.recv(100) == b"hello"
    assert counters.now().sent == 1


def test_an_answer_comes_from_the_port_that_was_asked(make_outlet: MakeOutlet) -> None:
    outlet, port, _ = make_outlet("127.0.0.1")
    with _bound("127.0.0.1") as ear:
        outlet.at("127.0.0.1", ear.getsockname()[1]).send(b"hello")
        assert ear.recvfrom(100)[1] == ("127.0.0.1", port)


def test_other_hosts_are_not_told_from_a_port_that_only_this_machine_reaches(make_outlet: MakeOutlet) -> None:
    outlet, _, _ = make_outlet("127.0.0.1")
    assert outlet.at("127.0.0.2", 9000).bound
    assert not outlet.at("192.0.2.1", 9000).bound
    assert make_outlet("0.0.0.0")[0].at("192.0.2.1", 9000).bound


def test_what_the_system_does_not_take_is_counted_and_nothing_else(make_outlet: MakeOutlet) -> None:
    outlet, _, counters = make_outlet("127.0.0.1")
    for port in (0, 70_000):
        assert outlet.at("127.0.0.1", port).send(b"hello")
    assert outlet.at("127.0.0.1", 9).send(bytes(70_000))
    outlet.close()
    assert outlet.at("127.0.0.1", 9).send(b"hello")
    assert (counters.now().sent, counters.now().dropped) == (0, 4)


def test_peers_at_the_same_place_are_the_same(make_outlet: MakeOutlet) -> None:
    outlet, _, _ = make_outlet("::")
    assert len({outlet.at("::1", 9000), outlet.at("0:0:0:0:0:0:0:1", 9000)}) == 1
    assert len({outlet.at("127.0.0.1", 9000), outlet.at("::ffff:127.0.0.1", 9000), outlet.at("::1", 9000)}) == 2


def test_who_sent_is_the_same_as_who_is_configured() -> None:
    for at, hosts in (("::", ["127.0.0.1", "::1"]), ("127.0.0.1", ["127.0.0.1"]), ("::1", ["::1"])):
        with _bound(at) as listening, contextlib.closing(Outlet(listening, Counters())) as outlet:
            for host in hosts:
                with _bound(host) as sender:
                    sender.sendto(b"", (host, listening.getsockname()[1]))
                    assert UdpPeer(outlet, listening.recvfrom(1)[1]) == outlet.at(host, sender.getsockname()[1])


def test_a_host_of_one_network_keeps_its_network(make_outlet: MakeOutlet) -> None:
    outlet, _, _ = make_outlet("::")
    sender = UdpPeer(outlet, ("fe80::1", 9000, 0, 7))
    assert outlet.at(sender.host, 9001) == UdpPeer(outlet, ("fe80::1", 9001, 0, 7))
    assert Targets(outlet, [Endpoint("fe80::1%7", 9000)], []).all() == {sender}
