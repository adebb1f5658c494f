from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.separation.registry import LOCAL, SERVICE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.db", key_of=lambda arrival: f"{arrival.sha256}-{arrival.spec.engine}")
    yield store
    store.close()


def _accepted(store: JobStore, number: int, engine: str = SERVICE, content: str = "") -> Job:
    spec = JobSpec(Path("out"), engine=engine)
    name = f"{number}.wav"
    arrival = Arrival(Path(name), Path(name), content or name, Signature(1, 2, 3), name, "cli", spec)
    job_id = store.accept(arrival)
    assert job_id is not None
    return store.get(job_id)


def _taken(backlog: Backlog) -> list[str]:
    found = []
    while (job := backlog.next()) is not None:
        found.append(job.id)
    return found


def test_each_job_is_handed_out_once_and_to_its_own_kind_of_engine(store: JobStore) -> None:
    jobs = [_accepted(store, number, engine) for number, engine in enumerate([SERVICE, "preview"] * 2)]
    local, remote = Backlog(store, LOCAL), Backlog(store, {SERVICE})
    assert _taken(local) == [jobs[1].id, jobs[3].id]
    assert _taken(remote) == [jobs[0].id, jobs[2].id]
    assert local.next() is remote.next() is None


def test_what_was_interrupted_comes_first(store: JobStore) -> None:
    jobs = [_accepted(store, number) for number in range(3)]
    store.claim()
    store.advance(store.get(jobs[0].id), State.PUBLISHING)
    store.claim()
    backlog = Backlog(store, {SERVICE})
    assert [(job.id, job.state) for job in (backlog.next(), backlog.next(), backlog.next()) if job] == [
        (jobs[0].id, State.PUBLISHING),
        (jobs[1].id, State.SEPARATING),
        (jobs[2].id, State.SEPARATING),
    ]


def test_a_backlog_of_certain_jobs_leaves_the_others_alone(store: JobStore) -> None:
    jobs = [_accepted(store, number) for number in range(3)]
    store.claim()
    assert _taken(Backlog(store, {SERVICE}, frozenset({jobs[2].id}))) == [jobs[2].id]
    assert store.get(jobs[1].id).state is State.QUEUED


def test_a_job_that_was_put_back_is_handed_out_again(store: JobStore) -> None:
    job = _accepted(store, 1)
    backlog = Backlog(store, {SERVICE})
    taken = backlog.next()
    assert taken is not None
    assert backlog.next() is None
    backlog.put_back(taken)
    assert _taken(backlog) == [job.id]


def test_the_same_audio_waits_until_its_stems_are_kept(store: JobStore) -> None:
    first, second = _accepted(store, 1, content="same"), _accepted(store, 2, content="same")
    other = _accepted(store, 3)
    backlog = Backlog(store, {SERVICE})
    assert _taken(backlog) == [first.id, other.id]
    for state in (State.PUBLISHING, State.SUBMITTING, State.WAITING, State.DOWNLOADING):
        store.advance(store.get(first.id), state)
        assert backlog.next() is None
    store.advance(store.get(first.id), State.NORMALISING)
    assert _taken(backlog) == [second.id]


def test_the_same_audio_does_not_wait_for_a_job_that_nobody_works_on(store: JobStore) -> None:
    _accepted(store, 1, content="same")
    store.claim()
    second = _accepted(store, 2, content="same")
    assert _taken(Backlog(store, {SERVICE}, frozenset({second.id}))) == [second.id]


def test_while_paused_nothing_new_begins_but_what_was_interrupted_goes_on(store: JobStore) -> None:
    jobs = [_accepted(store, number) for number in range(2)]
    store.claim()
    paused = True
    backlog = Backlog(store, {SERVICE}, paused=lambda: paused)
    assert _taken(backlog) == [jobs[0].id]
    paused = False
    assert _taken(backlog) == [jobs[1].id]
