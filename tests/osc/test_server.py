from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable

import pytest

import bridge.osc.tcp
import bridge.osc.udp
from bridge.errors import OscError
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer
from tests.osc.oscdesk import OK, PATIENCE_S, PONG, Desk, Jobs, TcpClient, UdpClient, link_local, wait_for

Connect = Callable[[], UdpClient]


def test_feedback_survives_a_client_that_goes_away(room: OscServer, udp: Connect, desk: Desk, make_job: Jobs) -> None:
    gone, here = udp(), udp()
    gone.ask("/stembridge/subscribe", gone.port)
    here.ask("/stembridge/subscribe", here.port)
    gone.ask("/stembridge/separate", "/a.wav")
    gone.close()
    for number in range(20):
        room.on_job_changed(make_job(id=f"{number:08d}"))
        assert here.hear_until("/stembridge/job/progress")[-1][1] == f"{number:08d}"
    assert here.ask("/stembridge/ping")[0] == PONG


def test_the_port_is_the_same_over_udp_and_tcp_and_on_ipv6() -> None:
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(OscServer(OscOptions(host="::1", port=0), Desk(), "6"))
        udp = stack.enter_context(contextlib.closing(UdpClient(room.port, "::1")))
        tcp = stack.enter_context(contextlib.closing(TcpClient(room.port, "::1")))
        assert udp.ask("/stembridge/ping") == tcp.ask("/stembridge/ping") == (PONG, "6")
        assert udp.ask("/stembridge/subscribe", udp.port)[0] == OK
        assert tcp.ask("/stembridge/ping", "copied") == udp.hear()


def test_whoever_is_known_on_one_network_alone_is_told_at_the_port_it_names_there() -> None:
    address = link_local()
    options = OscOptions(host=address, port=0, allow=("fe80::/10",))
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(OscServer(options, Desk(), "6"))
        udp, ear = (stack.enter_context(contextlib.closing(UdpClient(room.port, address))) for _ in range(2))
        tcp = stack.enter_context(contextlib.closing(TcpClient(room.port, address)))
        for client in (udp, tcp):
            answer = client.ask("/stembridge/subscribe", ear.port)
            assert answer[0] == OK
            assert ear.hear() == answer


def test_this_machine_may_send_whatever_address_of_it_is_listened_at() -> None:
    address = link_local()
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(OscServer(OscOptions(host=address, port=0), Desk(), "6"))
        for client in (UdpClient(room.port, address), TcpClient(room.port, address)):
            stack.callback(client.close)
            assert client.ask("/stembridge/ping")[0] == PONG


def test_every_address_of_the_machine_can_be_listened_at(udp: Connect) -> None:
    for host in ("0.0.0.0", "::", "localhost"):
        options = OscOptions(host=host, port=0)
        with OscServer(options, Desk(), "1") as room, contextlib.closing(UdpClient(room.port)) as client:
            assert client.ask("/stembridge/ping") == (PONG, "1")
            assert client.ask("/stembridge/subscribe", client.port)[0] == OK


def test_tcp_can_be_left_out() -> None:
    with OscServer(OscOptions(port=0, tcp=False), Desk(), "1") as room, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", room.port), PATIENCE_S)


def test_a_port_that_is_taken_is_told_with_what_to_do(room: OscServer) -> None:
    with pytest.raises(OscError, match=str(room.port)) as caught:
        OscServer(OscOptions(port=room.port), Desk(), "1").__enter__()
    assert caught.value.code == "osc.port"
    assert "[osc] port" in caught.value.advice


def test_a_port_that_is_taken_over_tcp_alone_is_told_and_its_udp_side_given_back() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OscError, match=str(port)):
            OscServer(OscOptions(port=port), Desk(), "1").__enter__()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", port))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a" * 300])
def test_a_host_that_is_not_ours_is_told_with_what_to_do(host: str) -> None:
    with pytest.raises(OscError) as caught:
        OscServer(OscOptions(host=host, port=0), Desk(), "1").__enter__()
    assert caught.value.code == "osc.host"


def test_after_it_stopped_the_port_is_free_and_a_late_change_is_nobodys(desk: Desk, make_job: Jobs) -> None:
    with OscServer(OscOptions(port=0), desk, "1") as room:
        port = room.port
        client = TcpClient(port)
        client.ask("/stembridge/ping")
    room.on_job_changed(make_job())
    assert client.is_closed()
    client.close()
    with OscServer(OscOptions(port=port), desk, "1"):
        pass


def test_what_came_is_summed_up_in_the_log_at_the_end(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.osc.server")
    with OscServer(OscOptions(port=0), desk, "1") as room, contextlib.closing(UdpClient(room.port)) as client:
        client.raw(b"nonsense")
        client.ask("/stembridge/nonsense")
        client.ask("/stembridge/ping")
        client.hear()
    assert caplog.messages[-1] == (
        "OSC until its end: 3 packets with 2 messages received, errors: 1 osc.address, 1 osc.packet; "
        "3 packets sent, 0 dropped; 0 refused"
    )


def test_where_nothing_came_nothing_is_summed_up(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.osc.server")
    with OscServer(OscOptions(port=0), desk, "1"):
        pass
    assert ["listens" in message for message in caplog.messages] == [True]


def test_it_stops_while_a_file_is_still_being_copied(desk: Desk) -> None:
    desk.gate.clear()
    with OscServer(OscOptions(port=0), desk, "1") as room, contextlib.closing(UdpClient(room.port)) as client:
        client.say("/stembridge/separate", "/a.wav")
        wait_for(lambda: desk.asked == [("separate", "/a.wav", "", "")])
    desk.gate.set()


@pytest.mark.parametrize("client", [UdpClient, TcpClient])
def test_it_stops_while_a_thread_that_listens_is_held_up(
    desk: Desk, client: type[UdpClient | TcpClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    for listener in (bridge.osc.tcp, bridge.osc.udp):
        monkeypatch.setattr(listener, "_STOP_S", 0.05)
    held, release, released = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        release.wait(PATIENCE_S)
        released.set()

    monkeypatch.setattr(desk, "pause", hold)
    with OscServer(OscOptions(port=0), desk, "1") as room, contextlib.closing(client(room.port)) as caller:
        caller.say("/stembridge/pause")
        assert held.wait(PATIENCE_S)
    assert not released.is_set()
    release.set()
    assert released.wait(PATIENCE_S)
