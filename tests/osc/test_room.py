from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import bridge.osc.tcp
import bridge.osc.udp
from bridge.errors import BounceError, OscError
from bridge.jobs.job import Failure
from bridge.jobs.states import State
from bridge.osc.options import Endpoint, OscOptions
from bridge.osc.room import Room
from scripts.bench.osc_killers import KILLERS, LARGE, PING, bundle
from tests.osc.oscdesk import PATIENCE_S, Clock, Desk, Jobs, TcpClient, UdpClient, wait_for, written

Connect = Callable[[], UdpClient]
OK, ERROR, PONG = "/stembridge/ok", "/stembridge/error", "/stembridge/pong"


def test_a_ping_is_answered_with_the_version_and_what_it_brought(udp: Connect) -> None:
    client = udp()
    assert client.ask("/stembridge/ping") == (PONG, "1.2.3")
    assert client.ask("/stembridge/ping", "wörld") == (PONG, "1.2.3", "wörld")


def test_each_message_of_a_bundle_is_carried_out(udp: Connect) -> None:
    client = udp()
    client.raw(bundle(PING, bundle(written("/stembridge/ping", "b"))))
    assert [client.hear(), client.hear()] == [(PONG, "1.2.3"), (PONG, "1.2.3", "b")]


@pytest.mark.parametrize(
    ("address", "arguments", "asked"),
    [("preset", ["vocals"], ("preset", "vocals")), ("pause", [], ("pause",)), ("resume", [], ("resume",))],
)
def test_a_command_without_another_answer_is_answered_ok(
    udp: Connect, desk: Desk, address: str, arguments: list[str], asked: tuple[str, ...]
) -> None:
    answer = udp().ask(f"/stembridge/{address}", *arguments)
    assert answer[:2] == (OK, f"/stembridge/{address}")
    assert desk.asked == [asked]


@pytest.mark.parametrize(
    ("arguments", "choice"), [([], ""), (["vocals"], "vocals"), ([350], "350"), ([350.0], "350"), (["350"], "350")]
)
def test_separate_hands_over_the_path_and_what_was_chosen(
    udp: Connect, desk: Desk, arguments: list[str | float], choice: str
) -> None:
    assert udp().ask("/stembridge/separate", "/a b/ä.wav", *arguments)[0] == "/stembridge/job/accepted"
    assert desk.asked == [("separate", "/a b/ä.wav", choice, "")]


def test_who_asks_hears_of_its_job_from_accepted_to_the_end(
    room: Room, udp: Connect, desk: Desk, make_job: Jobs, tmp_path: Path
) -> None:
    def go() -> None:
        desk.job_now = make_job()
        room.hear(desk.job_now)
        room.hear(make_job(State.SEPARATING))

    desk.on_separate = go
    client = udp()
    client.say("/stembridge/separate", "/a.wav")
    heard = client.hear_until("/stembridge/job/progress")
    room.hear(make_job(State.DELIVERED, folder=tmp_path))
    heard += client.hear_until("/stembridge/job/done")
    names = [message[0].rpartition("/")[2] for message in heard]
    assert names == ["accepted", "state", "progress", "progress", "state", "done"]
    assert heard[3][2] == 1.0
    assert heard[0] == ("/stembridge/job/accepted", "abcdefgh", "Song")
    assert heard[1][3] == "separating"


@pytest.mark.parametrize("address", ["cancel", "retry"])
def test_cancel_and_retry_are_answered_with_the_state(udp: Connect, desk: Desk, address: str) -> None:
    assert udp().ask(f"/stembridge/{address}", "abc") == ("/stembridge/job/state", "abcdefgh", "Song", "queued")
    assert desk.asked == [(address, "abc")]


def test_status_of_a_job_tells_where_it_stands_or_how_it_ended(udp: Connect, desk: Desk, make_job: Jobs) -> None:
    client = udp()
    desk.job_now = make_job(State.SEPARATING, progress=0.5, step="separating")
    assert client.ask("/stembridge/status", "abc")[3] == "separating"
    assert client.hear() == ("/stembridge/job/progress", "abcdefgh", 0.5, "separating")
    desk.job_now = make_job(State.FAILED, failure=Failure("x.y", "It broke.", "", retryable=False))
    assert client.ask("/stembridge/status", "abc")[3] == "failed"
    assert client.hear() == ("/stembridge/job/error", "abcdefgh", "x.y", "It broke.")
    assert client.ask("/stembridge/status", "nope")[:3] == (ERROR, "/stembridge/status", "job.not_found")


def test_status_of_all_tells_each_state_and_a_summary_to_who_asks_and_to_who_hears_everything(udp: Connect) -> None:
    client, other = udp(), udp()
    other.ask("/stembridge/subscribe", other.port)
    client.say("/stembridge/status")
    told = [
        ("/stembridge/job/state", "abcdefgh", "Song", "queued"),
        (OK, "/stembridge/status", "One job is under way."),
    ]
    assert client.hear_until(OK) == told
    assert other.hear_until(OK) == told


def test_a_button_that_is_let_go_does_nothing(udp: Connect, desk: Desk) -> None:
    client = udp()
    client.say("/stembridge/pause", 0.0)
    client.say("/stembridge/resume", 1.0)
    assert client.hear()[:2] == (OK, "/stembridge/resume")
    assert desk.asked == [("resume",)]


@pytest.mark.parametrize(("job", "many"), [((), 10), (("abc",), 50)])
def test_where_jobs_stand_is_not_told_a_host_as_often_as_it_likes_from_whatever_port(
    desk: Desk, clock: Clock, job: tuple[str, ...], many: int
) -> None:
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(Room(OscOptions(port=0), desk, "1", clock))
        client, other = (stack.enter_context(contextlib.closing(UdpClient(room.port))) for _ in range(2))
        for _ in range(many):
            assert client.ask("/stembridge/status", *job)[0] == "/stembridge/job/state"
            client.hear()
        for asker in (client, other):
            assert asker.ask("/stembridge/status", *job)[:3] == (ERROR, "/stembridge/status", "osc.busy")
        clock.now += 1
        assert other.ask("/stembridge/status", *job)[0] == "/stembridge/job/state"
        assert desk.asked.count(("job", "abc")) == (51 if job else 0)


def test_an_error_is_answered_with_its_code_and_what_to_do(udp: Connect, desk: Desk) -> None:
    desk.error = BounceError("/a.txt is no audio file.", advice="Render it again.")
    assert udp().ask("/stembridge/separate", "/a.txt") == (
        ERROR,
        "/stembridge/separate",
        "bounce.unreadable",
        "/a.txt is no audio file. Render it again.",
    )


@pytest.mark.parametrize("message", [("pause",), ("separate", "/a.wav")])
def test_what_nobody_expected_is_answered_as_internal_and_logged_and_the_room_goes_on(
    udp: Connect, desk: Desk, caplog: pytest.LogCaptureFixture, message: tuple[str, ...]
) -> None:
    desk.error = RuntimeError("a bug")
    client = udp()
    for _ in range(3):  # more than a lane has threads
        assert client.ask(f"/stembridge/{message[0]}", *message[1:])[2] == "internal"
    assert "a bug" in caplog.text
    assert client.ask("/stembridge/ping")[0] == PONG


@pytest.mark.parametrize("address", ["/", "/stembridge", "/stembridge/", "/stembridge/sepparate", "/stembridge/Ping"])
def test_an_address_that_there_is_not_is_answered_with_an_error(udp: Connect, address: str) -> None:
    assert udp().ask(address, "/a.wav")[:3] == (ERROR, address, "osc.address")


@pytest.mark.parametrize(
    "message",
    [
        written("/stembridge/error", "/a", "b", "c"),
        written("/stembridge/pong"),
        written("/stembridge/job/done"),
        b"/stembridge/ok\0\0",
        b"/stembridge/error\0\0\0,I\0\0",
    ],
)
def test_what_a_bridge_says_is_never_answered(room: Room, udp: Connect, message: bytes) -> None:
    client = udp()
    client.raw(message)
    assert client.ask("/stembridge/ping") == (PONG, "1.2.3")
    assert sum(room.counters.errors.values()) == 1


def test_two_bridges_that_tell_each_other_of_every_job_fall_silent(make_job: Jobs) -> None:
    with Room(OscOptions(port=0), Desk(), "1") as first:
        options = OscOptions(port=0, feedback=(Endpoint("127.0.0.1", first.port),))
        with Room(options, Desk(), "2") as second, contextlib.closing(UdpClient(first.port)) as client:
            client.ask("/stembridge/subscribe", second.port)
            first.hear(make_job())
            second.hear(make_job())
            wait_for(lambda: second.counters.received >= 4 and first.counters.received >= 4)
            assert client.ask("/stembridge/nonsense")[0] == ERROR
            wait_for(lambda: second.counters.received == 5)
            assert (first.counters.received, first.counters.errors) == (5, {"osc.outgoing": 3, "osc.address": 1})
            assert second.counters.errors == {"osc.outgoing": 5}


@pytest.mark.parametrize("packet", [*KILLERS.values(), *LARGE.values()], ids=[*KILLERS, *LARGE])
def test_no_packet_stops_the_room(udp: Connect, packet: bytes) -> None:
    client = udp()
    with contextlib.suppress(OSError):  # some are larger than a datagram can be
        client.raw(packet)
    client.say("/stembridge/ping", "still here")
    while (answer := client.hear()) != (PONG, "1.2.3", "still here"):
        assert answer[0] in (
            ERROR,
            PONG,
            "/stembridge/job/accepted",
            "/stembridge/job/state",
            "/stembridge/job/progress",
        )


def test_a_bad_packet_is_answered_with_its_code(udp: Connect) -> None:
    client = udp()
    client.raw(KILLERS["invalid UTF-8"])
    assert client.hear()[:3] == (ERROR, "/stembridge/ping", "osc.packet")
    client.raw(b"nonsense")
    assert client.hear()[:3] == (ERROR, "", "osc.packet")


def test_a_flood_of_errors_is_answered_a_little_and_counted_whole(room: Room, udp: Connect) -> None:
    client = udp()
    for _ in range(500):
        client.raw(b"nonsense")
    wait_for(lambda: room.counters.received == 500)
    counts = room.counters
    assert counts.errors == {"osc.packet": 500}
    assert counts.sent + counts.dropped == 500
    assert 20 <= counts.sent < 250


def test_a_host_with_many_ports_gets_no_more_errors_and_leaves_the_other_hosts_theirs() -> None:
    options, clock = OscOptions(host="::", port=0), Clock()
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(Room(options, Desk(), "1", clock))
        for _ in range(50):
            with contextlib.closing(UdpClient(room.port)) as client:
                client.raw(b"nonsense")
        wait_for(lambda: room.counters.sent + room.counters.dropped == 50)
        assert room.counters.sent == 20
        other = stack.enter_context(contextlib.closing(UdpClient(room.port, "::1")))
        other.raw(b"nonsense")
        assert other.hear()[0] == ERROR


def test_a_copy_that_takes_long_holds_up_nobody_and_too_many_are_refused(udp: Connect, desk: Desk) -> None:
    desk.gate.clear()
    client = udp()
    for number in range(140):
        client.say("/stembridge/separate", f"/{number}.wav")
    refused = client.hear()
    assert refused[:3] == (ERROR, "/stembridge/separate", "osc.busy")
    other = udp()
    assert other.ask("/stembridge/ping")[0] == PONG
    assert other.ask("/stembridge/cancel", "abc")[0] == "/stembridge/job/state"
    desk.gate.set()
    client.hear_until("/stembridge/job/accepted")


def test_a_preset_holds_for_each_separate_behind_it_and_for_none_before_it_however_late_they_are_copied(
    udp: Connect, desk: Desk
) -> None:
    desk.gate.clear()
    client = udp()
    client.raw(
        bundle(
            written("/stembridge/preset", ""),
            *(written("/stembridge/separate", f"/before-{number}.wav") for number in range(5)),
            written("/stembridge/preset", "Vocals"),
            *(written("/stembridge/separate", f"/behind-{number}.wav") for number in range(5)),
            written("/stembridge/preset", "Drums"),
        )
    )
    wait_for(lambda: ("preset", "Drums") in desk.asked)
    desk.gate.set()
    wait_for(lambda: len(desk.asked) == 13)
    separated = {asked[1]: asked[2:] for asked in desk.asked if asked[0] == "separate"}
    assert separated == {
        f"/{where}-{number}.wav": ("", chosen)
        for where, chosen in (("before", ""), ("behind", "Vocals"))
        for number in range(5)
    }


def test_a_subscriber_hears_every_job_at_the_port_it_named_until_its_time_is_over(
    desk: Desk, make_job: Jobs, clock: Clock
) -> None:
    with Room(OscOptions(port=0), desk, "1", clock) as room, contextlib.closing(UdpClient(room.port)) as asker:
        ear = UdpClient(room.port)
        answer = asker.ask("/stembridge/subscribe", ear.port, 30)
        assert answer == (OK, "/stembridge/subscribe", f"127.0.0.1 port {ear.port} hears of every job for 30 s.")
        assert ear.hear() == answer
        room.hear(make_job())
        assert ear.hear_until("/stembridge/job/progress")[0][0] == "/stembridge/job/accepted"
        assert asker.ask("/stembridge/ping", "a") == ear.hear()
        clock.now += 30
        assert asker.ask("/stembridge/ping", "b")[0] == PONG
        asker.ask("/stembridge/subscribe", ear.port, 30)
        assert ear.hear()[0] == OK
        assert asker.ask("/stembridge/subscribe", ear.port, 0)[2].endswith("hears no more of every job.")
        asker.ask("/stembridge/ping")
        ear.say("/stembridge/ping", "mine")
        assert ear.hear() == (PONG, "1", "mine")
        ear.close()


@pytest.mark.parametrize("arguments", [(0,), (65536,), (-1,), (9000, -1), (9000, 86401), (9000.5,), ("9000",)])
def test_a_subscription_that_cannot_be_is_refused(udp: Connect, arguments: tuple[float | str, ...]) -> None:
    assert udp().ask("/stembridge/subscribe", *arguments)[:3] == (ERROR, "/stembridge/subscribe", "osc.arguments")


def test_feedback_survives_a_client_that_goes_away(room: Room, udp: Connect, desk: Desk, make_job: Jobs) -> None:
    gone, here = udp(), udp()
    gone.ask("/stembridge/subscribe", gone.port)
    here.ask("/stembridge/subscribe", here.port)
    gone.ask("/stembridge/separate", "/a.wav")
    gone.close()
    for number in range(20):
        room.hear(make_job(id=f"{number:08d}"))
        assert here.hear_until("/stembridge/job/progress")[-1][1] == f"{number:08d}"
    assert here.ask("/stembridge/ping")[0] == PONG


def test_the_port_is_the_same_over_udp_and_tcp_and_on_ipv6() -> None:
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(Room(OscOptions(host="::1", port=0), Desk(), "6"))
        udp = stack.enter_context(contextlib.closing(UdpClient(room.port, "::1")))
        tcp = stack.enter_context(contextlib.closing(TcpClient(room.port, "::1")))
        assert udp.ask("/stembridge/ping") == tcp.ask("/stembridge/ping") == (PONG, "6")
        assert udp.ask("/stembridge/subscribe", udp.port)[0] == OK
        assert tcp.ask("/stembridge/ping", "copied") == udp.hear()


def test_whoever_is_known_on_one_network_alone_is_told_at_the_port_it_names_there() -> None:
    address = link_local()
    options = OscOptions(host=address, port=0, allow=("fe80::/10",))
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(Room(options, Desk(), "6"))
        udp, ear = (stack.enter_context(contextlib.closing(UdpClient(room.port, address))) for _ in range(2))
        tcp = stack.enter_context(contextlib.closing(TcpClient(room.port, address)))
        for client in (udp, tcp):
            answer = client.ask("/stembridge/subscribe", ear.port)
            assert answer[0] == OK
            assert ear.hear() == answer


def link_local() -> str:
    """An address of this machine that holds on one of its networks only; nothing is sent to find it."""
    for number, _ in socket.if_nameindex():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect(("ff02::1", 9, 0, number))
            host, _, _, scope = probe.getsockname()
            if scope:
                return f"{host}%{scope}"
    pytest.skip("this machine has no link-local address")


def test_every_address_of_the_machine_can_be_listened_at(udp: Connect) -> None:
    for host in ("0.0.0.0", "::", "localhost"):
        options = OscOptions(host=host, port=0)
        with Room(options, Desk(), "1") as room, contextlib.closing(UdpClient(room.port)) as client:
            assert client.ask("/stembridge/ping") == (PONG, "1")
            assert client.ask("/stembridge/subscribe", client.port)[0] == OK


def test_tcp_can_be_left_out() -> None:
    with Room(OscOptions(port=0, tcp=False), Desk(), "1") as room, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", room.port), PATIENCE_S)


def test_a_port_that_is_taken_is_told_with_what_to_do(room: Room) -> None:
    with pytest.raises(OscError, match=str(room.port)) as caught:
        Room(OscOptions(port=room.port), Desk(), "1").__enter__()
    assert caught.value.code == "osc.port"
    assert "[osc] port" in caught.value.advice


def test_a_port_that_is_taken_over_tcp_alone_is_told_and_its_udp_side_given_back() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OscError, match=str(port)):
            Room(OscOptions(port=port), Desk(), "1").__enter__()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", port))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a" * 300])
def test_a_host_that_is_not_ours_is_told_with_what_to_do(host: str) -> None:
    with pytest.raises(OscError) as caught:
        Room(OscOptions(host=host, port=0), Desk(), "1").__enter__()
    assert caught.value.code == "osc.host"


def test_after_it_stopped_the_port_is_free_and_a_late_change_is_nobodys(desk: Desk, make_job: Jobs) -> None:
    with Room(OscOptions(port=0), desk, "1") as room:
        port = room.port
        client = TcpClient(port)
        client.ask("/stembridge/ping")
    room.hear(make_job())
    assert client.is_closed()
    client.close()
    with Room(OscOptions(port=port), desk, "1"):
        pass


def test_what_came_is_summed_up_in_the_log_at_the_end(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.osc.room")
    with Room(OscOptions(port=0), desk, "1") as room, contextlib.closing(UdpClient(room.port)) as client:
        client.raw(b"nonsense")
        client.ask("/stembridge/nonsense")
        client.ask("/stembridge/ping")
        client.hear()
    assert caplog.messages[-1] == (
        "OSC until its end: 3 packets with 2 messages received, errors: 1 osc.address, 1 osc.packet; "
        "3 packets sent, 0 dropped; 0 refused"
    )


def test_where_nothing_came_nothing_is_summed_up(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.osc.room")
    with Room(OscOptions(port=0), desk, "1"):
        pass
    assert ["listens" in message for message in caplog.messages] == [True]


def test_it_stops_while_a_file_is_still_being_copied(desk: Desk) -> None:
    desk.gate.clear()
    with Room(OscOptions(port=0), desk, "1") as room, contextlib.closing(UdpClient(room.port)) as client:
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
    with Room(OscOptions(port=0), desk, "1") as room, contextlib.closing(client(room.port)) as caller:
        caller.say("/stembridge/pause")
        assert held.wait(PATIENCE_S)
    assert not released.is_set()
    release.set()
    assert released.wait(PATIENCE_S)
