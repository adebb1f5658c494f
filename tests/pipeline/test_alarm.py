from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure
from bridge.jobs.order import Order
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.alarm import Alarm


def _store(path: Path) -> JobStore:
    return JobStore(path, key_of=lambda arrival: arrival.sha256)


def _accept(store: JobStore) -> str:
    arrival = Arrival(Path("a.wav"), Path("spool"), "aa", Signature(1, 2, 3), "a", "cli", Order(Path("out")))
    job_id = store.accept(arrival)
    assert job_id is not None
    return job_id


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = _store(tmp_path / "jobs.db")
    yield store
    store.close()


def test_what_another_process_does_wakes_the_workers(store: JobStore, tmp_path: Path) -> None:
    store.changed_elsewhere()
    woken = threading.Event()
    alarm = Alarm(store, woken.set)
    alarm.start()
    try:
        other = _store(tmp_path / "jobs.db")
        _accept(other)
        other.close()
        assert woken.wait(20)
    finally:
        alarm.stop()


def test_what_another_process_does_to_a_job_is_told_to_the_listeners(store: JobStore, tmp_path: Path) -> None:
    job_id = _accept(store)
    cancelled = threading.Event()
    store.subscribe(lambda job: cancelled.set() if job.id == job_id and job.state is State.CANCELLED else None)
    store.changed_elsewhere()
    alarm = Alarm(store, lambda: None)
    alarm.start()
    try:
        other = _store(tmp_path / "jobs.db")
        other.cancel(job_id)
        other.close()
        assert cancelled.wait(20)
    finally:
        alarm.stop()


def test_a_failure_that_is_due_is_queued_again(store: JobStore) -> None:
    queued = threading.Event()
    job_id = _accept(store)
    job = store.claim()
    assert job is not None
    store.fail(job, Failure("storage.full", "Full.", "", retryable=True, retry_at=0.0))
    store.subscribe(lambda job: queued.set() if job.state is State.QUEUED else None)
    alarm = Alarm(store, lambda: None)
    alarm.start()
    try:
        assert queued.wait(20)
    finally:
        alarm.stop()
    assert store.get(job_id).state is State.QUEUED


def test_an_alarm_that_never_started_can_be_stopped(store: JobStore) -> None:
    Alarm(store, lambda: None).stop()
