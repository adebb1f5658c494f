from __future__ import annotations

import contextlib

import pytest

from bridge.errors import OscError
from bridge.osc.limits import AllowedHosts
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer
from tests.osc.oscdesk import Clock, Desk, TcpClient, UdpClient, own_address, wait_for


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_always_send(host: str) -> None:
    assert AllowedHosts((), Clock()).allows(host)


@pytest.mark.parametrize("host", ["10.0.0.7", "::ffff:10.0.0.7", "fe80::1%eth0", "192.0.2.1", "", "nonsense"])
def test_no_other_host_may_unless_it_is_listed(host: str) -> None:
    assert not AllowedHosts((), Clock()).allows(host)


@pytest.mark.parametrize(
    ("allow", "host", "allowed"),
    [
        ("10.0.0.0/24", "10.0.0.7", True),
        ("10.0.0.1/24", "10.0.0.7", True),
        ("10.0.0.0/24", "::ffff:10.0.0.7", True),
        ("10.0.0.0/24", "10.0.1.7", False),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.8", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("fe80::/10", "10.0.0.7", False),
    ],
)
def test_listed_hosts_and_networks_may(allow: str, host: str, allowed: bool) -> None:
    assert AllowedHosts([allow], Clock()).allows(host) is allowed


def test_a_list_that_makes_no_sense_is_told() -> None:
    with pytest.raises(OscError, match="studio"):
        AllowedHosts(["studio"], Clock())


def test_a_refused_host_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    allowed = AllowedHosts((), Clock())
    for _ in range(3):
        allowed.allows("192.0.2.1")
    assert caplog.text.count("192.0.2.1") == 1


def test_ever_new_hosts_fill_neither_the_memory_nor_the_log(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    allowed = AllowedHosts((), clock)
    for number in range(10_000):
        assert not allowed.allows(f"10.0.{number // 256}.{number % 256}")
    assert len(allowed._known) < 5000
    assert len(caplog.records) == 10
    clock.now += 60
    allowed.allows("192.0.2.1")
    assert "192.0.2.1" in caplog.text


def test_a_host_that_is_not_listed_is_counted_and_never_answered() -> None:
    address = own_address()
    with OscServer(OscOptions(host="0.0.0.0", port=0), Desk(), "1") as room:
        with contextlib.closing(UdpClient(room.port, address)) as udp:
            udp.say("/stembridge/ping")
            udp.raw(b"nonsense")
            wait_for(lambda: room.counters.refused == 2)
        with contextlib.closing(TcpClient(room.port, address)) as tcp:
            assert tcp.is_closed()
        assert (room.counters.refused, room.counters.received, room.counters.sent) == (3, 0, 0)


def test_a_host_that_is_listed_is_answered() -> None:
    address = own_address()
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(OscServer(OscOptions(host="0.0.0.0", port=0, allow=(address,)), Desk(), "1"))
        udp = stack.enter_context(contextlib.closing(UdpClient(room.port, address)))
        assert udp.ask("/stembridge/ping") == ("/stembridge/pong", "1")
