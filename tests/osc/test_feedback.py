from __future__ import annotations

import contextlib

from bridge.osc import outgoing
from bridge.osc.audience import Subscribers
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from bridge.osc.options import Endpoint, OscOptions
from bridge.osc.server import OscServer
from tests.osc.oscdesk import ERROR, PATIENCE_S, Clock, Desk, Ear, Jobs, UdpClient, own_address, wait_for


def test_an_answer_is_told_to_those_who_hear_all_and_to_who_asked_only_once(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock
) -> None:
    asker, other = Ear(), Ear()
    subscribers.add([asker, other], 600)
    feedback = Feedback(broadcaster, Counters(), clock)
    feedback.answer(asker, outgoing.Pong("1")())
    feedback.start()
    feedback.stop(PATIENCE_S)
    assert asker.heard == other.heard == [("/stembridge/pong", "1")]


def test_of_a_flood_of_answers_those_who_hear_all_are_told_a_part(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock
) -> None:
    asker, other, counters = Ear(), Ear(), Counters()
    subscribers.add([other], 600)
    feedback = Feedback(broadcaster, counters, clock)
    for _ in range(1000):
        feedback.answer(asker, outgoing.Pong("1")())
    feedback.start()
    feedback.stop(PATIENCE_S)
    assert len(other.heard) + counters.now().dropped == 1000
    assert len(other.heard) == 100


def test_two_bridges_that_tell_each_other_of_every_job_fall_silent(make_job: Jobs) -> None:
    with OscServer(OscOptions(port=0), Desk(), "1") as first:
        options = OscOptions(port=0, feedback=(Endpoint("127.0.0.1", first.port),))
        with OscServer(options, Desk(), "2") as second, contextlib.closing(UdpClient(first.port)) as client:
            client.ask("/stembridge/subscribe", second.port)
            first.on_job_changed(make_job())
            second.on_job_changed(make_job())
            wait_for(lambda: second.counters.received >= 4 and first.counters.received >= 4)
            assert client.ask("/stembridge/nonsense")[0] == ERROR
            wait_for(lambda: second.counters.received == 5)
            assert (first.counters.received, first.counters.errors) == (5, {"osc.outgoing": 3, "osc.address": 1})
            assert second.counters.errors == {"osc.outgoing": 5}


def test_this_machine_is_answered_each_error_but_of_a_flood_a_part(clock: Clock) -> None:
    with (
        OscServer(OscOptions(port=0), Desk(), "1", clock) as room,
        contextlib.closing(UdpClient(room.port)) as client,
    ):
        for _ in range(300):
            assert client.ask("/stembridge/nonsense")[0] == ERROR
        for _ in range(30):
            for _ in range(100):
                client.raw(b"nonsense")
            client.ask("/stembridge/ping")
        wait_for(lambda: room.counters.errors.get("osc.packet") == 3000)
        assert room.counters.dropped == 1300


def test_another_host_gets_few_errors_whatever_its_ports_and_leaves_the_others_theirs(clock: Clock) -> None:
    address = own_address()
    options = OscOptions(host="0.0.0.0", port=0, allow=(address,))
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(OscServer(options, Desk(), "1", clock))
        for _ in range(50):
            with contextlib.closing(UdpClient(room.port, address)) as client:
                client.raw(b"nonsense")
        wait_for(lambda: room.counters.sent + room.counters.dropped == 50)
        assert room.counters.sent == 20
        other = stack.enter_context(contextlib.closing(UdpClient(room.port)))
        other.raw(b"nonsense")
        assert other.hear()[0] == ERROR
