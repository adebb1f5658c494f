from __future__ import annotations

import socket
from pathlib import Path

from bridge.jobs.job import Failure
from bridge.jobs.states import State
from bridge.osc.audience import Subscribers, Targets
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.counters import Counters
from bridge.osc.options import Endpoint, Poke
from bridge.osc.peers import Outlet
from tests.osc.oscdesk import PATIENCE_S, Clock, Ear, Jobs, read

BEGINNING = ["job/accepted", "job/state", "job/progress"]
LATER = ["job/accepted", "job/state", "job/state", "job/progress"]
"""Of a job that is on its way when it is asked for: it was queued, too."""


def test_who_asks_hears_accepted_then_where_the_job_stands_then_what_follows(
    broadcaster: Broadcaster, make_job: Jobs
) -> None:
    asker = Ear()
    broadcaster.on_job_changed(make_job())
    broadcaster.on_job_changed(make_job(State.SEPARATING, progress=0.25, step="x"))
    broadcaster.follow(make_job(), asker, 1000.0, accepted=True)
    assert asker.heard[1] == ("/stembridge/job/state", "abcdefgh", "Song", "queued")
    assert asker.heard[2] == ("/stembridge/job/state", "abcdefgh", "Song", "separating")
    broadcaster.on_job_changed(make_job(State.NORMALISING))
    assert asker.addresses() == [*LATER, "job/state"]


def test_who_asks_for_a_job_that_is_over_by_then_hears_its_end_and_no_more(
    broadcaster: Broadcaster, make_job: Jobs
) -> None:
    asker = Ear()
    queued = make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.on_job_changed(make_job(State.SEPARATING))
    failure = Failure("engine.failed", "It broke.", "Try again.", retryable=False)
    broadcaster.on_job_changed(make_job(State.FAILED, failure=failure))
    broadcaster.follow(queued, asker, 1000.0, accepted=True)
    broadcaster.on_job_changed(make_job(State.QUEUED))
    assert asker.addresses() == ["job/accepted", "job/state", "job/state", "job/error"]


def test_who_asks_and_subscribes_hears_everything_once(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    both, other = Ear(), Ear()
    subscribers.add([both, other], 600)
    asked = clock.now
    clock.now += 1
    queued = make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, both, asked, accepted=True)
    broadcaster.on_job_changed(make_job(State.CANCELLED))
    assert both.addresses() == other.addresses() == [*BEGINNING, "job/state"]


def test_a_subscriber_that_asks_twice_for_a_file_is_answered_twice(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    ear, queued = Ear(), make_job()
    subscribers.add([ear], 600)
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, ear, clock.now, accepted=True)
    broadcaster.follow(queued, ear, clock.now, accepted=True)
    assert ear.addresses() == [*BEGINNING, *BEGINNING]


def test_a_subscriber_that_asks_for_a_job_of_long_ago_is_answered(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    ear, queued = Ear(), make_job()
    subscribers.add([ear], 600)
    broadcaster.on_job_changed(queued)
    clock.now += 60
    broadcaster.follow(queued, ear, clock.now, accepted=True)
    assert ear.addresses() == [*BEGINNING, *BEGINNING]


def test_who_cancels_hears_the_state_once_whether_it_subscribes_or_not(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    subscriber, passer = Ear(), Ear()
    broadcaster.on_job_changed(make_job())
    subscribers.add([subscriber], 600)
    cancelled = make_job(State.CANCELLED)
    broadcaster.on_job_changed(cancelled)
    for ear in (subscriber, passer):
        broadcaster.follow(cancelled, ear, clock.now, accepted=False)
    assert subscriber.heard == passer.heard == [("/stembridge/job/state", "abcdefgh", "Song", "cancelled")]


def test_who_retries_follows_the_job_to_its_end(broadcaster: Broadcaster, clock: Clock, make_job: Jobs) -> None:
    ear = Ear()
    broadcaster.on_job_changed(make_job(State.FAILED))
    queued = make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, ear, clock.now, accepted=False)
    broadcaster.on_job_changed(make_job(State.SEPARATING))
    assert ear.addresses() == ["job/state", "job/progress", "job/state"]


def test_who_asked_is_told_of_the_next_try_that_comes_by_itself(
    broadcaster: Broadcaster, clock: Clock, make_job: Jobs
) -> None:
    ear, queued = Ear(), make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, ear, clock.now, accepted=True)
    broadcaster.on_job_changed(
        make_job(State.FAILED, failure=Failure("engine.failed", "", "", retryable=True, retry_at=1.0))
    )
    broadcaster.on_job_changed(make_job(State.QUEUED))
    broadcaster.on_job_changed(make_job(State.CANCELLED))
    broadcaster.on_job_changed(make_job(State.QUEUED))
    assert ear.addresses() == [*BEGINNING, "job/state", "job/error", "job/state", "job/state"]


def test_a_job_from_before_the_start_is_told_to_who_asks_and_not_to_all_as_new(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    asker, subscriber = Ear(), Ear()
    subscribers.add([subscriber], 600)
    broadcaster.follow(make_job(State.SEPARATING), asker, clock.now, accepted=True)
    broadcaster.on_job_changed(make_job(State.NORMALISING))
    assert asker.addresses() == [*LATER, "job/state"]
    assert subscriber.addresses() == ["job/state"]


def test_progress_that_was_held_back_is_told_when_its_time_comes(
    broadcaster: Broadcaster, clock: Clock, make_job: Jobs
) -> None:
    ear, queued = Ear(), make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, ear, clock.now, accepted=True)
    broadcaster.on_job_changed(make_job(State.QUEUED, step="copying"))
    wait_s = broadcaster.wait_s()
    assert wait_s is not None
    broadcaster.catch_up()
    assert ear.addresses() == BEGINNING
    clock.now += wait_s
    broadcaster.catch_up()
    assert ear.heard[-1] == ("/stembridge/job/progress", "abcdefgh", 0.0, "copying")
    assert broadcaster.wait_s() is None


def test_a_client_that_is_gone_is_forgotten_and_the_others_hear_all(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock, make_job: Jobs
) -> None:
    gone, gone_too, here = Ear(here=False), Ear(here=False), Ear()
    subscribers.add([gone, here], 600)
    queued = make_job()
    broadcaster.on_job_changed(queued)
    broadcaster.follow(queued, gone_too, clock.now, accepted=True)
    broadcaster.on_job_changed(make_job(State.SEPARATING))
    assert subscribers.all() == {here}
    gone_too.here = True
    broadcaster.on_job_changed(make_job(State.CANCELLED))
    assert gone_too.heard == []
    assert here.addresses() == [*BEGINNING, "job/state", "job/state"]


def test_what_is_over_is_not_remembered_for_ever_nor_is_everyone_who_asked(
    broadcaster: Broadcaster, clock: Clock, make_job: Jobs
) -> None:
    for number in range(1000):
        job = make_job(id=f"{number:08d}")
        broadcaster.on_job_changed(job)
        broadcaster.follow(job, Ear(), clock.now, accepted=True)
        broadcaster.on_job_changed(make_job(State.CANCELLED, id=job.id))
    busy = make_job()
    for _ in range(1000):
        broadcaster.follow(busy, Ear(), clock.now, accepted=True)
    assert len(broadcaster._over) + len(broadcaster._open) + len(broadcaster._holding) < 300
    assert len(broadcaster._open[busy.id].askers) < 100


def test_configured_targets_hear_every_job_and_pokes_come_after_done(
    outlet: Outlet, subscribers: Subscribers, clock: Clock, make_job: Jobs, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(PATIENCE_S)
        target = Endpoint("localhost", ear.getsockname()[1])
        poke = Poke(target, "/action/str", "_RS1")
        broadcaster = Broadcaster(subscribers, Targets(outlet, [target], [target]), [poke], Counters(), clock)
        subscribers.add([outlet.at("127.0.0.1", target.port)], 600)
        broadcaster.on_job_changed(make_job(State.DELIVERING))
        broadcaster.on_job_changed(make_job(State.DELIVERED, folder=tmp_path))
        broadcaster.on_job_changed(make_job(State.DELIVERED, folder=tmp_path))
        heard = [read(ear.recv(65536)) for _ in range(8)]
    assert [message[0] for message in heard] == [
        *(f"/stembridge/{name}" for name in [*LATER, "job/progress", "job/state", "job/done"]),
        "/action/str",
    ]
    assert outlet.at("127.0.0.1", 1) == outlet.at("127.0.0.1", 1)


def test_a_poke_to_a_host_that_is_not_found_is_counted(
    outlet: Outlet, subscribers: Subscribers, make_job: Jobs
) -> None:
    counters, nowhere = Counters(), Endpoint("no-such-host.invalid", 8000)
    broadcaster = Broadcaster(subscribers, Targets(outlet, (), [nowhere]), [Poke(nowhere, "/a")], counters, Clock())
    broadcaster.on_job_changed(make_job(State.DELIVERED))
    assert counters.now().dropped == 1
