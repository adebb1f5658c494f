from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from bridge.jobs.states import State
from bridge.osc.framing import LengthPrefixed, Slip
from bridge.osc.server import OscServer
from bridge.osc.tcp import MOST_CONNECTIONS
from scripts.bench.osc_killers import KILLERS, PING
from tests.osc.oscdesk import ERROR, OK, PONG, Desk, Jobs, TcpClient, UdpClient, read, wait_for, written

Connect = Callable[[], TcpClient]


def received(client: TcpClient, ends: int) -> bytes:
    data = b""
    while data.count(b"\xc0") < ends:
        chunk = client.socket.recv(4096)
        assert chunk
        data += chunk
    return data


def read_to_the_end(client: TcpClient) -> None:
    """Read what is still on its way, until the other side has closed."""
    with contextlib.suppress(ConnectionError):
        while client.socket.recv(1 << 20):
            pass


def test_length_prefixed_is_answered_in_kind(tcp: Connect) -> None:
    assert tcp().ask("/stembridge/ping", "a") == (PONG, "1.2.3", "a")


@pytest.mark.parametrize("begin", [b"\xc0", b""])
def test_slip_is_answered_in_kind(tcp: Connect, begin: bytes) -> None:
    client = tcp()
    client.socket.sendall(begin + Slip().frame(PING)[1:])
    assert [read(packet) for packet in Slip().feed(received(client, 2))] == [(PONG, "1.2.3")]


def test_packets_may_come_byte_by_byte_and_many_at_once(tcp: Connect) -> None:
    client = tcp()
    for byte in LengthPrefixed().frame(written("/stembridge/ping", "slow")):
        client.socket.sendall(bytes([byte]))
    assert client.hear() == (PONG, "1.2.3", "slow")
    client.socket.sendall(LengthPrefixed().frame(PING) * 1000)
    assert [client.hear() for _ in range(1000)] == [(PONG, "1.2.3")] * 1000


def test_a_bad_packet_is_answered_and_the_connection_goes_on(tcp: Connect) -> None:
    client = tcp()
    client.socket.sendall(LengthPrefixed().frame(KILLERS["invalid UTF-8"]))
    assert client.hear()[:3] == (ERROR, "/stembridge/ping", "osc.packet")
    assert client.ask("/stembridge/ping") == (PONG, "1.2.3")


def test_a_broken_stream_is_answered_once_and_closed_even_over_unread_bytes(room: OscServer, tcp: Connect) -> None:
    client = tcp()
    client.socket.sendall(LengthPrefixed().frame(PING) + b"\xff" * 100_000)
    assert client.hear() == (PONG, "1.2.3")
    assert client.hear()[:3] == (ERROR, "", "osc.stream")
    assert client.is_closed()
    assert room.counters.errors == {"osc.stream": 1}


def test_who_asks_over_tcp_hears_of_its_job_on_the_same_connection(
    room: OscServer, tcp: Connect, desk: Desk, make_job: Jobs
) -> None:
    client = tcp()
    client.say("/stembridge/separate", "/a.wav", "vocals")
    client.hear_until("/stembridge/job/progress")
    room.on_job_changed(make_job(State.CANCELLED))
    assert client.hear() == ("/stembridge/job/state", "abcdefgh", "Song", "cancelled")


def test_a_connection_subscribes_itself_and_a_udp_port_beside_it(
    room: OscServer, tcp: Connect, udp: Callable[[], UdpClient], make_job: Jobs
) -> None:
    alone, both, ear = tcp(), tcp(), udp()
    assert alone.ask("/stembridge/subscribe", 0) == (
        OK,
        "/stembridge/subscribe",
        "This connection hears of every job for 600 s.",
    )
    assert both.ask("/stembridge/subscribe", ear.port)[0] == OK
    assert ear.hear()[0] == alone.hear()[0] == OK
    room.on_job_changed(make_job())
    for client in (alone, both):
        assert client.hear()[0] == "/stembridge/job/accepted"
    assert ear.hear()[0] == "/stembridge/job/accepted"


def test_a_connection_that_ends_is_forgotten(room: OscServer, tcp: Connect, make_job: Jobs) -> None:
    gone, here = tcp(), tcp()
    gone.ask("/stembridge/subscribe", 0)
    here.ask("/stembridge/subscribe", 0)
    assert gone.hear()[0] == OK
    gone.close()
    for number in range(50):
        room.on_job_changed(make_job(id=f"{number:08d}"))
        assert here.hear_until("/stembridge/job/progress")[-1][1] == f"{number:08d}"
    assert here.ask("/stembridge/ping")[0] == PONG


def test_a_client_that_does_not_read_is_closed_and_the_others_hear_everything(
    room: OscServer, tcp: Connect, make_job: Jobs
) -> None:
    deaf, here = tcp(), tcp()
    deaf.ask("/stembridge/subscribe", 0)
    here.ask("/stembridge/subscribe", 0)
    song, number = "x" * 30_000, 0
    while room.counters.dropped == 0:
        room.on_job_changed(make_job(id=f"{number:08d}", song=song))
        assert here.hear_until("/stembridge/job/progress")[-1][1] == f"{number:08d}"
        number += 1
        assert number < 2000
    read_to_the_end(deaf)  # which ends, since it was closed
    assert here.ask("/stembridge/ping")[0] == PONG


def test_so_many_connections_are_held_and_the_next_is_closed_until_one_ends(
    room: OscServer, tcp: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    clients = [tcp() for _ in range(MOST_CONNECTIONS)]
    for client in clients:
        assert client.ask("/stembridge/ping")[0] == PONG
    assert tcp().is_closed()
    assert tcp().is_closed()
    assert room.counters.refused == 2
    assert caplog.text.count(f"{MOST_CONNECTIONS} are open already") == 1
    clients[0].close()
    again: list[TcpClient] = []

    def is_let_in() -> bool:
        again.append(tcp())
        try:
            return bool(again[-1].ask("/stembridge/ping")[0] == PONG)
        except (AssertionError, ConnectionError):
            return False

    wait_for(is_let_in)
    assert clients[1].ask("/stembridge/ping")[0] == PONG


def test_a_connection_for_which_there_is_no_thread_is_closed_and_the_next_one_served(
    room: OscServer, tcp: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert tcp().is_closed()
        assert tcp().is_closed()
    assert room.counters.refused == 2
    assert caplog.text.count("can't start new thread") == 1
    assert tcp().ask("/stembridge/ping")[0] == PONG


def test_a_connection_that_is_reset_disturbs_nobody(tcp: Connect) -> None:
    for _ in range(10):
        client = tcp()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.say("/stembridge/ping")
        client.close()
    assert tcp().ask("/stembridge/ping") == (PONG, "1.2.3")
