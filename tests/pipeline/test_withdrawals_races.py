"""The law of withdrawing, whatever is done to the jobs between two of its steps.

Nothing that a worker may give to the service is withdrawn from under it, and nothing is published that no job knows of:
what is out is what some job notes. After a look, no job that is over notes anything.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure, Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import WORKING, State
from bridge.jobs.store import JobStore
from bridge.pipeline.withdrawals import Withdrawals, withdraw_left
from bridge.publish.own_url import OwnUrl
from bridge.separation.api import remote as rules
from bridge.separation.api.remote import Action, Remote
from bridge.web.listening import Address

PEER = "https://peer.example"
LIFETIME_S = 86_400
JOBS = 3
NUMBER = st.integers(0, JOBS - 1)
LEAVING = [State.FAILED, State.NEEDS_CREDIT, State.NEEDS_REVIEW, State.CANCELLED, State.DELIVERED]
RETRIABLE = set(LEAVING) - {State.DELIVERED}
CANCELLABLE = set(State) - {State.DELIVERED, State.CANCELLED}


class Shop:
    """A job store, a publisher, and what a worker does with them at the service, without the service."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mix = root / "mix.flac"
        self.mix.write_bytes(b"a mix")
        self.own = OwnUrl(root / "published", "http://127.0.0.1", Address("127.0.0.1", 0))
        self.store = JobStore(root / "jobs.db", key_of=lambda arrival: arrival.sha256)

    def close(self) -> None:
        self.store.close()
        self.own.stop()

    def accept(self, name: str) -> str:
        spec = JobSpec(Path("out"), engine="api")
        arrival = Arrival(Path(name), Path("spool"), name, Signature(1, 2, 3), name, "cli", spec)
        job_id = self.store.accept(arrival)
        assert job_id is not None
        return job_id

    def jobs(self, *states: State) -> list[Job]:
        return self.store.in_states(states)

    def remote(self, job_id: str) -> Remote:
        text = self.store.notes.checkpoint(job_id)
        return Remote.from_json(json.loads(text)) if text else Remote()

    def out(self) -> set[str]:
        return {file.name for file in (self.root / "published").glob("*") if file.name != "key"}

    def take(self) -> Job | None:
        """Claim a job and make its mix reachable, as the engine does."""
        job = self.store.claim()
        if job is not None and rules.next_action(self.remote(job.id), PEER, 0.0) is Action.PUBLISH:
            made = self.own.publish(self.mix, "mix.flac", LIFETIME_S)
            noted = rules.published(self.remote(job.id), made.url, made.handle, 1e12)
            self.store.notes.save(job.id, json.dumps(noted.to_json()))
        return job

    def let_go(self, job: Job, after: State) -> None:
        """End a job that a worker holds, without withdrawing anything."""
        job = self.store.get(job.id)
        if after is State.CANCELLED:
            self.store.advance(job, after)
        elif after is State.DELIVERED:
            for state in (State.NORMALISING, State.DELIVERING, State.DELIVERED):
                job = self.store.advance(job, state)
        else:
            self.store.fail(job, Failure("service", "No.", "", retryable=False), after)


def _one(jobs: list[Job], number: int) -> Job:
    return jobs[number % len(jobs)]


class _Meddled(OwnUrl):
    """Something happens in the very moment in which a bounce is about to be withdrawn."""

    meddle: Callable[[], None]

    def withdraw(self, handle: str) -> None:
        self.meddle()
        super().withdraw(handle)


def _any(*states: State) -> Callable[[Law], bool]:
    return lambda law: bool(law.shop.jobs(*states))


class Law(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.shop = Shop(self.root)

    def teardown(self) -> None:
        self.shop.close()
        shutil.rmtree(self.root)

    @initialize(ended=st.lists(st.sampled_from(LEAVING), min_size=JOBS, max_size=JOBS))
    def begin(self, ended: list[State]) -> None:
        """Begin where each job has been published and has ended."""
        for number, after in enumerate(ended):
            self.shop.accept(f"{number}.wav")
            job = self.shop.take()
            assert job is not None
            self.shop.let_go(job, after)

    @precondition(_any(State.QUEUED))
    @rule()
    def take(self) -> None:
        assert self.shop.take()

    @precondition(_any(*WORKING))
    @rule(after=st.sampled_from(LEAVING), number=NUMBER)
    def let_go(self, after: State, number: int) -> None:
        self.shop.let_go(_one(self.shop.jobs(*WORKING), number), after)

    @precondition(_any(*CANCELLABLE))
    @rule(number=NUMBER)
    def cancel(self, number: int) -> None:
        self.shop.store.cancel(_one(self.shop.jobs(*CANCELLABLE), number).id)

    @precondition(_any(*RETRIABLE))
    @rule(number=NUMBER)
    def retry(self, number: int) -> None:
        self.shop.store.retry(_one(self.shop.jobs(*RETRIABLE), number).id)

    @rule(before=st.integers(0, JOBS), during=st.integers(0, JOBS))
    def look(self, before: int, during: int) -> None:
        """Look, while jobs are taken up again: after they were found over, or after they were noted as withdrawn."""
        publisher = _Meddled(self.root / "published", "http://127.0.0.1", Address("127.0.0.1", 0))
        publisher.meddle = lambda: self._revive(during)

        def found() -> OwnUrl:
            self._revive(before)
            return publisher

        withdraw_left(self.shop.store, found, lambda: False)
        assert self.shop.store.notes.left_published() == []

    def _revive(self, count: int) -> None:
        for job in self.shop.jobs(State.CANCELLED)[:count]:
            self.shop.store.retry(job.id)
            self.shop.take()

    @invariant()
    def what_is_out_is_what_the_jobs_note(self) -> None:
        noted = {self.shop.remote(job.id).handle for job in self.shop.store.jobs()} - {""}
        assert self.shop.out() == noted
        for job in self.shop.jobs(*WORKING):
            assert self.shop.remote(job.id).handle in noted


Law.TestCase.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLaw = pytest.mark.slow(Law.TestCase)


def _work(shop: Shop, name: str, lost: list[str]) -> None:
    """Publish, park, cancel and retry, over and over; note what a job lost while it was worked on."""
    shop.accept(name)
    for _ in range(40):
        job = None
        while job is None:
            job = shop.take()  # perhaps the other's
        handle = shop.remote(job.id).handle
        if handle not in shop.out():
            lost.append(handle)
        shop.let_go(job, State.NEEDS_CREDIT)
        shop.store.cancel(job.id)
        shop.store.retry(job.id)


def test_whoever_cancels_and_retries_at_once_never_loses_what_was_published_anew(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    withdrawals = Withdrawals(shop.store, lambda: shop.own)
    shop.store.subscribe(withdrawals.on_job_changed)
    withdrawals.start()
    lost: list[str] = []
    threads = [threading.Thread(target=_work, args=(shop, name, lost)) for name in ("a.wav", "b.wav")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in shop.jobs(State.QUEUED):
        shop.store.cancel(job.id)
    waiting = threading.Event()
    while shop.out():
        waiting.wait(0.01)
    withdrawals.stop()
    shop.close()
    assert lost == []
