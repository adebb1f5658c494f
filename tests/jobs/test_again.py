from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bridge.jobs.again import AGAIN_S, Again, again, seen_again
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure, Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.jobs.store import JobStore

ORDER = JobSpec(Path("out"))
NOW = 1_000_000.0


def _arrival(door: str, spec: JobSpec = ORDER) -> Arrival:
    return Arrival(Path("a.wav"), Path("spool"), "aa", Signature(1, 2, 3), "a", door, spec)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    store = JobStore(tmp_path / "jobs.db", key_of=lambda arrival: arrival.sha256, clock=lambda: NOW)
    job_id = store.accept(_arrival("osc"))
    assert job_id is not None
    made = store.get(job_id)
    store.close()
    return made


def _in(job: Job, state: State, retry_at: float | None = None, **changes: object) -> Job:
    failure = Failure("x", "It broke.", "", retryable=True, retry_at=retry_at) if state is not State.DELIVERED else None
    return dataclasses.replace(job, state=state, failure=failure, **changes)  # type: ignore[arg-type]


DOORS = ["osc", "job file", "cli"]


@pytest.mark.parametrize("door", DOORS)
def test_what_may_be_paid_already_is_ordered_again_by_nobody_but_retry(door: str, job: Job) -> None:
    assert again(_in(job, State.NEEDS_REVIEW), _arrival(door), NOW) is Again.SAME


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("state", [State.QUEUED, State.SEPARATING, State.WAITING, State.DELIVERING])
def test_what_is_under_way_goes_on(door: str, state: State, job: Job) -> None:
    assert again(dataclasses.replace(job, state=state), _arrival(door), NOW) is Again.SAME


@pytest.mark.parametrize("door", DOORS)
def test_what_waits_for_its_next_try_or_for_credit_is_tried_now(door: str, job: Job) -> None:
    assert again(_in(job, State.FAILED, retry_at=NOW + 60), _arrival(door), NOW) is Again.RETRY
    assert again(_in(job, State.NEEDS_CREDIT), _arrival(door), NOW) is Again.RETRY


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_what_has_ended_badly_is_begun_anew(door: str, state: State, job: Job) -> None:
    assert again(_in(job, state), _arrival(door), NOW) is Again.NEW


@pytest.mark.parametrize(("door", "verdict"), [("osc", Again.SAME), ("job file", Again.SAME), ("cli", Again.NEW)])
def test_a_button_that_bounces_delivers_nothing_twice_and_a_command_is_obeyed(
    door: str, verdict: Again, job: Job, tmp_path: Path
) -> None:
    assert again(_in(job, State.DELIVERED, folder=tmp_path), _arrival(door), NOW + 1) is verdict


@pytest.mark.parametrize("now", [NOW + AGAIN_S, NOW - 3600])
def test_a_while_later_or_after_the_clock_was_set_back_it_is_a_wish(now: float, job: Job, tmp_path: Path) -> None:
    assert again(_in(job, State.DELIVERED, folder=tmp_path), _arrival("osc"), now) is Again.NEW


def test_a_delivery_that_was_thrown_away_is_made_anew(job: Job, tmp_path: Path) -> None:
    gone = _in(job, State.DELIVERED, folder=tmp_path / "gone")
    assert again(gone, _arrival("osc"), NOW) is Again.NEW
    assert seen_again(gone) is Again.NEW


def test_another_order_is_another_job(job: Job) -> None:
    assert again(job, _arrival("osc", dataclasses.replace(ORDER, model=350)), NOW) is Again.NEW
    assert again(None, _arrival("osc"), NOW) is Again.NEW


def test_a_bounce_that_is_merely_touched_in_the_inbox_is_no_second_job(job: Job, tmp_path: Path) -> None:
    assert seen_again(job) is Again.SAME
    assert seen_again(_in(job, State.DELIVERED, folder=tmp_path, updated=0.0)) is Again.SAME
    assert seen_again(_in(job, State.NEEDS_REVIEW)) is Again.SAME
    assert seen_again(_in(job, State.FAILED)) is Again.NEW
    assert seen_again(_in(job, State.FAILED, retry_at=NOW)) is Again.RETRY
