from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import pytest

from bridge.errors import BounceError, OscError
from bridge.osc.router import Lane
from bridge.osc.server import OscServer
from scripts.bench.osc_killers import KILLERS, LARGE, PING, bundle
from tests.osc.oscdesk import ERROR, PATIENCE_S, PONG, Desk, UdpClient, written

Connect = Callable[[], UdpClient]


def test_each_message_of_a_bundle_is_carried_out(udp: Connect) -> None:
    client = udp()
    client.raw(bundle(PING, bundle(written("/stembridge/ping", "b"))))
    assert [client.hear(), client.hear()] == [(PONG, "1.2.3"), (PONG, "1.2.3", "b")]


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
def test_what_a_bridge_says_is_never_answered(room: OscServer, udp: Connect, message: bytes) -> None:
    client = udp()
    client.raw(message)
    assert client.ask("/stembridge/ping") == (PONG, "1.2.3")
    assert sum(room.counters.errors.values()) == 1


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


def test_what_waits_is_bounded_and_done_in_order() -> None:
    lane, gate, done, began = Lane("test", 1, 2), threading.Event(), list[int](), threading.Event()

    def wait() -> None:
        began.set()
        gate.wait(PATIENCE_S)

    lane.start()
    lane.submit(wait)
    assert began.wait(PATIENCE_S)
    lane.submit(lambda: done.append(1))
    lane.submit(lambda: done.append(2))
    with pytest.raises(OscError) as caught:
        lane.submit(lambda: done.append(3))
    assert caught.value.code == "osc.busy"
    end = threading.Event()
    gate.set()
    while not end.is_set():
        try:
            lane.submit(end.set)
        except OscError:
            continue
        assert end.wait(PATIENCE_S)
    assert done == [1, 2]
    lane.stop(PATIENCE_S)


def test_what_still_waits_at_a_stop_is_not_begun() -> None:
    lane, gate, began, done = Lane("test", 1, 1), threading.Event(), threading.Event(), list[int]()

    def wait() -> None:
        began.set()
        gate.wait(PATIENCE_S)

    lane.start()
    lane.submit(wait)
    assert began.wait(PATIENCE_S)
    lane.submit(lambda: done.append(1))
    lane.stop(0.0)
    gate.set()
    lane.stop(PATIENCE_S)
    assert done == []
    assert not any(thread.name.startswith("test") for thread in threading.enumerate())
