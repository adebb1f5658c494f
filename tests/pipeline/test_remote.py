"""What a job at the service costs, and where it waits for a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.checkpoint import bill_between
from bridge.protocol.refusals import TaskGone
from bridge.publish.publisher import Published
from bridge.separation.api import remote as rules
from bridge.separation.api.guard import month_of
from bridge.separation.api.remote import Remote
from bridge.units import Progress, no_progress
from tests.pipeline.cloud_double import KEY, Bridge, Shelf, StandIn, stand_in

MONTH = "2026-11"


class Books:
    """The bills of one job, and what a bystander knows of its orders."""

    def __init__(self) -> None:
        self.remote = Remote()
        self.bills: list[int] = []
        self.orders: list[int] = []
        """Of each order that may have been taken, its minutes as far as they are known."""

    def step(self, after: Remote) -> None:
        bill = bill_between(self.remote, after, MONTH)
        self.remote = after
        if bill is None:
            return
        assert bill.month == MONTH
        if bill.change == "insert":
            self.bills.append(bill.minutes)
        elif bill.change == "change":
            self.bills[-1] = bill.minutes
        else:
            self.bills.pop()


Step = Callable[[Books, int], None]
Event = str | Step


def _order(books: Books, minutes: int) -> None:
    books.step(rules.published(books.remote, "https://example.org/x", "x", 1e12))
    books.orders.append(minutes)
    books.step(rules.intended(books.remote, "https://peer", "", minutes))


def _refuse(books: Books, _minutes: int) -> None:
    if not books.remote.lost:
        books.orders.pop()
    books.step(rules.refused(books.remote))


def _succeed(books: Books, minutes: int) -> None:
    books.orders[-1] = minutes
    books.step(rules.succeeded(books.remote, minutes))


def _ask_a_person(books: Books, _minutes: int) -> None:
    books.remote = Remote()  # the store forgets the order and keeps its bill


BEFORE: dict[Step, Callable[[Remote], object]] = {
    _order: lambda remote: not remote.intent and not remote.remote_id,
    _refuse: lambda remote: remote.intent,
    _succeed: lambda remote: remote.remote_id,
    _ask_a_person: lambda remote: remote.lost,
}

WHILE_SENT: dict[str, Callable[[Remote], Remote]] = {
    "lose": rules.answer_lost,
    "accept": lambda remote: rules.accepted(remote, "0" * 32),
}
WHILE_TAKEN: dict[str, Callable[[Remote], Remote]] = {
    "withdraw": rules.withdrawn,
    "refund": rules.uncharged,
    "fetch": lambda remote: rules.fetched(remote, {"vocals": "vocals.wav"}),
    "fail": rules.ended,
}
EVENTS = [*BEFORE, *WHILE_SENT, *WHILE_TAKEN]


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 9)), max_size=40))
def test_the_bills_are_the_orders_that_may_have_been_taken(events: list[tuple[Event, int]]) -> None:
    books = Books()
    for event, minutes in events:
        if not isinstance(event, str):
            if BEFORE[event](books.remote):
                event(books, minutes)
        elif books.remote.intent and event in WHILE_SENT:
            books.step(WHILE_SENT[event](books.remote))
        elif books.remote.remote_id and event in WHILE_TAKEN:
            books.orders[-1] = 0 if event == "refund" else books.orders[-1]
            books.step(WHILE_TAKEN[event](books.remote))
        assert books.bills == books.orders


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path, service: StandIn) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, service.url, monthly_minutes=3)
    yield bridge
    bridge.close()


def _billed(store: JobStore, now: float) -> int:
    return store.notes.billed_minutes(month_of(now))


def test_a_job_over_the_monthly_cap_waits_and_nothing_of_it_leaves_the_machine(
    bridge: Bridge, service: StandIn
) -> None:
    bridge.start()
    job = bridge.wait(bridge.bounce(seconds=181.0))
    assert job.state is State.NEEDS_CREDIT
    assert job.failure is not None
    assert job.failure.code == "service.budget"
    assert "4 started minutes" in job.failure.message
    assert "monthly_minutes" in job.failure.advice
    assert (service.calls, bridge.shelf.published, job.minutes) == ([], 0, 0)


def test_a_refused_key_parks_the_job_unbilled_and_the_next_start_tries_it_again(
    bridge: Bridge, service: StandIn
) -> None:
    service.codes["create"] = 101002
    bridge.start()
    job = bridge.wait(bridge.bounce())
    assert job.state is State.NEEDS_CREDIT
    assert job.failure is not None
    assert job.failure.code == "service.key"
    assert "STEMBRIDGE_API_KEY" in job.failure.advice
    assert (job.minutes, _billed(bridge.store, job.updated), bridge.shelf.out) == (0, 0, [])
    bridge.stop()
    service.codes.clear()
    assert bridge.store.requeue_parked() == 1
    bridge.start()
    job = bridge.wait(job, lambda job: job.state is State.WAITING)
    assert (job.minutes, _billed(bridge.store, job.updated)) == (1, 1)
    bridge.store.cancel(job.id)
    assert bridge.wait(job).state is State.CANCELLED
    assert bridge.shelf.out == []
    assert service.calls.count("create") == 2


class _Crowded(Shelf):
    """A publisher that goes on when so many bounces are on their way: each has heard that there are minutes left."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._crowd = threading.Barrier(at_once)

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        self._crowd.wait()
        return super().publish(path, name, lifetime_s, progress)


def test_jobs_that_order_at_once_pass_the_monthly_cap_not_even_together(tmp_path: Path, service: StandIn) -> None:
    crowded = _Crowded(at_once=2)
    bridge = Bridge(tmp_path, service.url, publisher=crowded, at_once=2, monthly_minutes=1)
    try:
        jobs = [bridge.bounce(f"{number}.wav", seconds=0.3 + number / 100) for number in range(2)]
        bridge.start()
        ended = [bridge.wait(job, lambda job: job.state in {State.WAITING, State.NEEDS_CREDIT}) for job in jobs]
        assert sorted(job.state for job in ended) == [State.NEEDS_CREDIT, State.WAITING]
        assert {job.failure.code for job in ended if job.failure} == {"service.budget"}
        assert (service.calls.count("create"), _billed(bridge.store, time.time()), len(crowded.out)) == (1, 1, 1)
    finally:
        bridge.close()


@pytest.mark.parametrize("code", [100002, 100099, 100400, 100500, 800001, 123456])
def test_an_order_answered_with_an_undocumented_code_waits_for_a_person(
    bridge: Bridge, service: StandIn, code: int
) -> None:
    service.codes["create"] = code
    bridge.start()
    job = bridge.wait(bridge.bounce())
    assert job.state is State.NEEDS_REVIEW
    assert job.failure is not None
    assert str(code) in job.failure.message
    assert "said of create" in job.failure.message
    assert (job.failure.retry_at, job.minutes, service.calls.count("create")) == (None, 1, 1)


def test_a_task_that_the_service_forgot_is_for_a_person_to_decide(bridge: Bridge, service: StandIn) -> None:
    service.codes["get"] = 101008
    bridge.start()
    job = bridge.wait(bridge.bounce())
    assert (job.state, job.minutes) == (State.NEEDS_REVIEW, 1)
    assert job.failure is not None
    assert job.failure.code == "service.task_gone"
    assert service.calls.count("create") == 1
    bridge.store.retry(job.id)
    job = bridge.wait(job)
    assert (job.state, job.minutes) == (State.NEEDS_REVIEW, 2)
    assert service.calls.count("create") == 2


def test_a_refusal_that_makes_no_sense_where_it_comes_ends_the_job_and_not_the_worker(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: object) -> Published:
        raise TaskGone("The server says of an upload what belongs to a task.")

    monkeypatch.setattr(bridge.shelf, "publish", publish)
    bridge.start()
    assert bridge.wait(bridge.bounce("one.wav")).state is State.NEEDS_REVIEW
    monkeypatch.undo()
    bridge.wait(bridge.bounce("two.wav"), lambda job: job.state is State.WAITING)


def test_the_key_is_in_no_file_of_the_state(bridge: Bridge, service: StandIn) -> None:
    service.codes["create"] = 101005
    bridge.start()
    bridge.wait(bridge.bounce())
    bridge.stop()  # it has cleared away what the job needs no longer
    files = [path for path in bridge.root.rglob("*") if path.is_file()]
    assert bridge.state.database in files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
