from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.jobs.job import Failure
from bridge.jobs.states import State
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer
from scripts.bench.osc_killers import bundle
from tests.osc.oscdesk import ERROR, OK, PONG, Clock, Desk, Jobs, UdpClient, wait_for, written

Connect = Callable[[], UdpClient]


def test_a_ping_is_answered_with_the_version_and_what_it_brought(udp: Connect) -> None:
    client = udp()
    assert client.ask("/stembridge/ping") == (PONG, "1.2.3")
    assert client.ask("/stembridge/ping", "wörld") == (PONG, "1.2.3", "wörld")


@pytest.mark.parametrize(
    ("address", "arguments", "asked"),
    [
        ("preset", ["vocals"], ("preset", "vocals")),
        ("preset", [350], ("preset", "350")),
        ("pause", [], ("pause",)),
        ("resume", [], ("resume",)),
    ],
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
    room: OscServer, udp: Connect, desk: Desk, make_job: Jobs, tmp_path: Path
) -> None:
    def go() -> None:
        desk.job_now = make_job()
        room.on_job_changed(desk.job_now)
        room.on_job_changed(make_job(State.SEPARATING))

    desk.on_separate = go
    client = udp()
    client.say("/stembridge/separate", "/a.wav")
    heard = client.hear_until("/stembridge/job/progress")
    room.on_job_changed(make_job(State.DELIVERED, folder=tmp_path))
    heard += client.hear_until("/stembridge/job/done")
    names = [message[0].rpartition("/")[2] for message in heard]
    assert names == ["accepted", "state", "state", "progress", "progress", "state", "done"]
    assert heard[4][2] == 1.0
    assert heard[0] == ("/stembridge/job/accepted", "abcdefgh", "Song")
    assert [heard[1][3], heard[2][3]] == ["queued", "separating"]


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
        room = stack.enter_context(OscServer(OscOptions(port=0), desk, "1", clock))
        client, other = (stack.enter_context(contextlib.closing(UdpClient(room.port))) for _ in range(2))
        for _ in range(many):
            assert client.ask("/stembridge/status", *job)[0] == "/stembridge/job/state"
            client.hear()
        for asker in (client, other):
            assert asker.ask("/stembridge/status", *job)[:3] == (ERROR, "/stembridge/status", "osc.busy")
        clock.now += 1
        assert other.ask("/stembridge/status", *job)[0] == "/stembridge/job/state"
        assert desk.asked.count(("job", "abc")) == (51 if job else 0)


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
    with OscServer(OscOptions(port=0), desk, "1", clock) as room, contextlib.closing(UdpClient(room.port)) as asker:
        ear = UdpClient(room.port)
        answer = asker.ask("/stembridge/subscribe", ear.port, 30)
        assert answer == (OK, "/stembridge/subscribe", f"127.0.0.1 port {ear.port} hears of every job for 30 s.")
        assert ear.hear() == answer
        room.on_job_changed(make_job())
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
