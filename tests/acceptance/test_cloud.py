"""A real bridge, a real server, and a proxy between them that breaks what passes through it.

The law: every bounce ends delivered, or parked or failed with a reason; none is lost, and none is paid twice.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.chaos import Chaos, Fault, Stage
from tests.acceptance.cloud import (
    Server,
    assert_delivered_and_paid_once,
    assert_hidden,
    connect,
    wait_until_resting,
)
from tests.acceptance.program import Studio, print_time, wait_for
from tests.acceptance.test_faults import QUICKLY, TRACER, Call, calls_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EVERY = "STEMBRIDGE_EVERY_FAULT" in os.environ


@pytest.fixture
def server(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("STEMBRIDGE_API_KEY", "")  # put back afterwards
    return Server(tmp_path / "server")


@pytest.fixture
def chaos(server: Server) -> Iterator[Chaos]:
    with Chaos(server.port) as chaos:
        yield chaos


def uploads(server: Server) -> list[Path]:
    """What anybody who knows its address could fetch now."""
    return list((server.studio.root / "store" / "files" / "uploads").glob("*"))


EACH = {
    ("balance", 1): Fault.PAGE_BEFORE,
    ("balance", 2): Fault.ANSWER_SHORT,
    ("balance", 3): Fault.CUT_BEFORE,
    ("grant", 1): Fault.CUT_BEFORE,
    ("grant", 2): Fault.ANSWER_LOST,
    ("grant", 3): Fault.PAGE_BEFORE,
    ("upload", 1): Fault.CUT_UNREAD,
    ("upload", 2): Fault.PAGE_AFTER,
    ("health", 1): Fault.PAGE_BEFORE,
    ("health", 2): Fault.ANSWER_CUT,
    ("create", 1): Fault.ANSWER_LOST,
    ("create", 2): Fault.CUT_BEFORE,
    ("create", 3): Fault.ANSWER_CUT,
    ("create", 4): Fault.ANSWER_SHORT,
    ("create", 5): Fault.PAGE_BEFORE,
    ("create", 6): Fault.PAGE_AFTER,
    ("get", 1): Fault.SLOW,
    ("get", 2): Fault.ANSWER_LOST,
    ("get", 3): Fault.ANSWER_SHORT,
    ("get", 4): Fault.PAGE_AFTER,
    ("withdraw", 1): Fault.ANSWER_LOST,
    ("withdraw", 2): Fault.PAGE_BEFORE,
    ("result", 1): Fault.ANSWER_CUT,
    ("result", 2): Fault.CUT_BEFORE,
    ("result", 3): Fault.PAGE_BEFORE,
    ("result", 4): Fault.SLOW,
}


def test_each_fault_at_each_call_costs_time_and_nothing_else(studio: Studio, server: Server, chaos: Chaos) -> None:
    connect(studio, server, chaos)
    chaos.rule = lambda call, count: EACH.get((call, count), Fault.NONE)
    bounces = [studio.bounce(f"Song {number}.wav", seed=number) for number in range(4)]
    with server.serving(), studio.up() as bridge:
        assert wait_until_resting(studio, 4) == ["delivered"] * 4
        assert bridge.finish(signal.SIGTERM).code == 0
    assert sorted(chaos.faults, key=str) == sorted(((call, fault) for (call, _), fault in EACH.items()), key=str)
    assert_delivered_and_paid_once(studio, server, bounces)
    assert uploads(server) == []
    assert_hidden(server.key, studio.root, server.studio.root)


@pytest.mark.parametrize("seed", range(20 if EVERY else 1))
def test_in_any_weather_a_bounce_is_delivered_or_says_why_not(
    studio: Studio, server: Server, chaos: Chaos, seed: int
) -> None:
    connect(studio, server, chaos)
    dice = random.Random(seed)
    faults = [fault for fault in Fault if fault is not Fault.NONE]
    chaos.rule = lambda _call, _count: dice.choice(faults) if dice.random() < 0.2 else Fault.NONE
    bounces = [studio.bounce(f"Song {number}.wav", seed=number) for number in range(3)]
    with server.serving(), studio.up() as bridge:
        states = wait_until_resting(studio, 3)
        chaos.rule = lambda _call, _count: Fault.NONE
        jobs = studio.jobs()
        for job in jobs:
            assert job["state"] == "delivered" or job["error"]["advice"], job
            if job["state"] != "delivered":
                assert studio.run("retry", job["job"]).code == 0
        wait_for("the rest", lambda: set(studio.states()) == {"delivered"})
        assert bridge.finish(signal.SIGTERM).code == 0
    assert set(states) <= {"delivered", "failed", "needs_review"}
    assert_delivered_and_paid_once(studio, server, bounces)


# A service that is not ours: it knows no Idempotency-Key, so nobody may repeat an order.


def test_an_answer_that_another_s_service_lost_is_never_repeated_without_a_person(
    studio: Studio, server: Server, chaos: Chaos
) -> None:
    connect(studio, server, chaos)
    chaos.strange = True
    lost = [Fault.ANSWER_LOST, Fault.CUT_BEFORE, Fault.PAGE_AFTER]
    chaos.rule = lambda call, count: lost[count - 1] if call == "create" and count <= 3 else Fault.NONE
    bounces = [studio.bounce(f"Song {number}.wav", seed=number) for number in range(3)]
    with server.serving():
        with studio.up() as bridge:
            assert wait_until_resting(studio, 3) == ["needs_review"] * 3
            assert chaos.counts["create"] == 3
            bridge.kill()
        first, second, third = studio.jobs()
        for job in (first, second, third):
            assert job["error"]["code"] == "service.outcome_unknown"
            assert "stembridge retry" in job["error"]["advice"]
            assert "stembridge cancel" in job["error"]["advice"]
            assert job["billed_minutes"] == 1
        with studio.up() as bridge:
            assert studio.run("retry", first["job"]).code == 0
            assert studio.run("cancel", second["job"]).code == 0
            wait_for("the order of a person's", lambda: "delivered" in studio.states())
            assert sorted(studio.states()) == ["cancelled", "delivered", "needs_review"]
            wait_for("the cancelled job's upload to be withdrawn", lambda: len(uploads(server)) == 1)
            assert bridge.finish(signal.SIGTERM).code == 0
        assert studio.run("cancel", third["job"]).code == 0
        with chaos.holding("withdraw", Stage.ANSWER), studio.up() as bridge:
            wait_for("what was cancelled meanwhile to be withdrawn", chaos.held.is_set)
            asked = time.monotonic()
            assert bridge.finish(signal.SIGTERM).code == 0
            print_time("up stopped while the server does not answer that it withdraws", time.monotonic() - asked)
        assert uploads(server) == []
    assert chaos.counts["create"] == 4
    # Two of the three orders had come through, and a fourth was a person's word.
    wait_for("the server's books", lambda: server.keys("list")["keys"][0]["under_way"] == 0)
    assert server.spent() == 3
    # Nobody can tell the bridge so: its own books take the worse for true.
    assert [job["billed_minutes"] for job in studio.jobs()] == [2, 1, 1]
    studio.assert_nothing_half()
    for bounce in bounces:
        bounce.assert_untouched()


# kill -9 of either side, while the proxy holds an exchange.

HELD = [
    ("upload", Stage.REQUEST),
    ("create", Stage.REQUEST),
    ("create", Stage.ANSWER),
    ("get", Stage.ANSWER),
    ("result", Stage.HALF),
]
if EVERY:
    HELD += [
        ("grant", Stage.REQUEST),
        ("grant", Stage.ANSWER),
        ("upload", Stage.ANSWER),
        ("health", Stage.ANSWER),
        ("create", Stage.HALF),
        ("get", Stage.REQUEST),
        ("withdraw", Stage.REQUEST),
        ("withdraw", Stage.ANSWER),
        ("result", Stage.REQUEST),
    ]


def test_killed_at_each_exchange_the_bridge_delivers_and_pays_once(
    studio: Studio, server: Server, chaos: Chaos
) -> None:
    connect(studio, server, chaos)
    bounces = []
    with server.serving():
        for number, (call, stage) in enumerate(HELD):
            with chaos.holding(call, stage), studio.up() as bridge:
                bounces.append(studio.bounce(f"Song {number}.wav", seed=number))
                wait_for(f"{call} to be held", chaos.held.is_set)
                bridge.kill()
            studio.assert_nothing_half()
        with studio.up() as bridge:
            assert wait_until_resting(studio, len(HELD)) == ["delivered"] * len(HELD)
            assert bridge.finish(signal.SIGTERM).code == 0
    assert_delivered_and_paid_once(studio, server, bounces)


def test_killed_at_each_exchange_the_server_separates_and_charges_once(
    studio: Studio, server: Server, chaos: Chaos
) -> None:
    connect(studio, server, chaos)
    bounces = []
    with studio.up() as bridge:
        for number, (call, stage) in enumerate(HELD):
            with server.serving() as serving, chaos.holding(call, stage):
                bounces.append(studio.bounce(f"Song {number}.wav", seed=number))
                wait_for(f"{call} to be held", chaos.held.is_set)
                serving.kill()
        with server.serving():
            assert wait_until_resting(studio, len(HELD)) == ["delivered"] * len(HELD)
        assert bridge.finish(signal.SIGTERM).code == 0
    assert_delivered_and_paid_once(studio, server, bounces)


@pytest.mark.system("strace")
def test_killed_at_a_commit_of_its_job_store_the_bridge_delivers_and_pays_once(
    studio: Studio, server: Server, chaos: Chaos
) -> None:
    connect(studio, server, chaos)
    log, store = studio.root / "calls", studio.state / "stembridge.db-wal"
    bounces = [studio.bounce("Song.wav", to=studio.root)]
    with server.serving():
        look = [*TRACER, QUICKLY, "-y", "-o", str(log), "-e", "trace=fdatasync"]
        assert studio.run("separate", str(bounces[0].path), under=look).code == 0
        # Those of the thread that runs the job are the most: each is a step, a checkpoint, or a picture of the moment.
        most = max(call.number for call in calls_in(log.read_text("utf-8"), [studio.state]) if call.path == str(store))
        assert most > 8
        deaths = 0
        # Before the first one the bounce was not yet the bridge's.
        every = range(2, most + 1)
        moments = every if EVERY else sorted(random.Random(most).sample(every, 2))
        for moment in moments:
            bounces.append(studio.bounce(f"Song {moment}.wav", seed=moment + 1, to=studio.root))
            kill = Call(str(store), "fdatasync", moment).injecting("signal=KILL")
            killed = studio.run("separate", str(bounces[-1].path), under=[*TRACER, "-o", "/dev/null", *kill])
            assert killed.code in (0, -signal.SIGKILL)  # not every run has as many
            deaths += killed.code != 0
            studio.assert_nothing_half()
        assert deaths
        with studio.up() as bridge:
            assert wait_until_resting(studio, len(bounces)) == ["delivered"] * len(bounces)
            assert bridge.finish(signal.SIGTERM).code == 0
    assert_delivered_and_paid_once(studio, server, bounces)


def test_the_same_audio_saved_twice_at_once_is_ordered_once(studio: Studio, server: Server, chaos: Chaos) -> None:
    connect(studio, server, chaos)
    with server.serving(), studio.up() as bridge:
        studio.bounce("Song.wav")
        studio.bounce("The same song.wav")
        assert wait_until_resting(studio, 2) == ["delivered"] * 2
        assert bridge.finish(signal.SIGTERM).code == 0
    assert len(studio.takes()) == 2
    assert server.spent() == chaos.counts["create"] == 1
    assert sorted(job["billed_minutes"] for job in studio.jobs()) == [0, 1]
