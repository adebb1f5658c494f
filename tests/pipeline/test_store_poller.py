from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import StorageError
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.store_poller import StorePoller


def _store(path: Path) -> JobStore:
    return JobStore(path, key_of=lambda arrival: arrival.sha256)


def _accept(store: JobStore) -> str:
    arrival = Arrival(Path("a.wav"), Path("spool"), "aa", Signature(1, 2, 3), "a", "cli", JobSpec(Path("out")))
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
    poller = StorePoller(store, woken.set)
    poller.start()
    try:
        other = _store(tmp_path / "jobs.db")
        _accept(other)
        other.close()
        assert woken.wait(20)
    finally:
        poller.stop()


def test_what_another_process_does_to_a_job_is_told_to_the_listeners(store: JobStore, tmp_path: Path) -> None:
    job_id = _accept(store)
    cancelled = threading.Event()
    store.subscribe(lambda job: cancelled.set() if job.id == job_id and job.state is State.CANCELLED else None)
    store.changed_elsewhere()
    poller = StorePoller(store, lambda: None)
    poller.start()
    try:
        other = _store(tmp_path / "jobs.db")
        other.cancel(job_id)
        other.close()
        assert cancelled.wait(20)
    finally:
        poller.stop()


def test_what_could_not_be_told_because_the_disk_failed_is_told_later(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    job_id = _accept(store)
    store.subscribe(lambda job: told.set() if job.id == job_id else None)

    def broken(_: float) -> None:
        monkeypatch.undo()
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(store, "notify_changed_since", broken)
    poller = StorePoller(store, lambda: None)
    poller.start()
    try:
        assert told.wait(20)
    finally:
        poller.stop()


def test_a_change_is_told_whose_commit_came_long_after_the_moment_that_it_is_dated(
    store: JobStore, tmp_path: Path
) -> None:
    job_id = _accept(store)
    started = iter([time.time() - 60.0])
    looked, cancelled = threading.Event(), threading.Event()
    poller = StorePoller(store, looked.set, clock=lambda: next(started, time.time()))
    poller.start()
    try:
        assert looked.wait(20)
        store.subscribe(lambda job: cancelled.set() if job.state is State.CANCELLED else None)
        slow = JobStore(tmp_path / "jobs.db", key_of=lambda arrival: arrival.sha256, clock=lambda: time.time() - 5.0)
        slow.cancel(job_id)
        slow.close()
        assert cancelled.wait(20)
    finally:
        poller.stop()


def test_what_ended_before_the_start_is_not_told_again(store: JobStore) -> None:
    old = store.cancel(_accept(store)).id
    told: list[str] = []
    woken = threading.Event()
    poller = StorePoller(store, woken.set, clock=lambda: time.time() + 3.0)
    store.subscribe(lambda job: told.append(job.id))
    poller.start()
    assert woken.wait(20)
    poller.stop()
    assert old not in told


def test_a_failure_that_is_due_is_queued_again(store: JobStore) -> None:
    queued = threading.Event()
    job_id = _accept(store)
    job = store.claim()
    assert job is not None
    store.fail(job, Failure("storage.full", "Full.", "", retryable=True, retry_at=0.0))
    store.subscribe(lambda job: queued.set() if job.state is State.QUEUED else None)
    poller = StorePoller(store, lambda: None)
    poller.start()
    try:
        assert queued.wait(20)
    finally:
        poller.stop()
    assert store.get(job_id).state is State.QUEUED


def test_an_alarm_that_never_started_can_be_stopped(store: JobStore) -> None:
    StorePoller(store, lambda: None).stop()
