from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.errors import JobNotFound, NotPossible, StorageError
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure, Job
from bridge.jobs.retry import LONGEST_DELAY_S
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import TRANSITIONS, WORKING, State
from bridge.jobs.store import JobStore


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def _arrival(name: str = "mix.wav", sha256: str = "aa", door: str = "inbox", size: int = 100) -> Arrival:
    return Arrival(
        source=Path("/inbox") / name,
        spool=Path("/spool") / f"{name}-{sha256}",
        sha256=sha256,
        signature=Signature(inode=2**64 - 1, size=size, mtime_ns=17),
        song=Path(name).stem,
        door=door,
        spec=JobSpec(output=Path("/out")),
        watched=door == "inbox",
    )


def _key(arrival: Arrival) -> str:
    return f"key-{arrival.sha256}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.db", key_of=_key, clock=clock)
    yield store
    store.close()


def _accepted(store: JobStore, arrival: Arrival | None = None) -> Job:
    job_id = store.accept(arrival or _arrival())
    assert job_id is not None
    return store.get(job_id)


def _delivered(store: JobStore, folder: Path) -> Job:
    job = store.claim()
    assert job is not None
    job = store.advance(job, State.NORMALISING)
    job = store.advance(job, State.DELIVERING, plan="{}")
    return store.advance(job, State.DELIVERED, folder=folder)


def test_an_accepted_bounce_is_a_queued_job_that_remembers_everything(store: JobStore, clock: Clock) -> None:
    job = _accepted(store)
    assert job.state is State.QUEUED
    assert (job.song, job.key, job.signature.inode, job.created) == ("mix", "key-aa", 2**64 - 1, clock.now)
    assert job.spec == JobSpec(output=Path("/out"))


def test_the_inbox_remembers_what_it_has_handed_over(store: JobStore) -> None:
    _accepted(store)
    store.remember(Path("/inbox/old.wav"), Signature(1, 2, 3))
    assert store.seen() == {"/inbox/mix.wav": Signature(2**64 - 1, 100, 17), "/inbox/old.wav": Signature(1, 2, 3)}


def test_a_touched_file_is_no_second_job_but_its_new_signature_is_remembered(store: JobStore) -> None:
    _accepted(store)
    touched = dataclasses.replace(_arrival(), signature=Signature(5, 100, 99))
    assert store.accept(touched) is None
    assert store.seen()["/inbox/mix.wav"] == Signature(5, 100, 99)


def test_asking_again_for_what_waits_for_its_next_try_tries_it_now(store: JobStore) -> None:
    job = _accepted(store)
    claimed = store.claim()
    assert claimed is not None
    store.fail(claimed, Failure("storage.full", "Full.", "", retryable=True, retry_at=2_000_000.0))
    told: list[Job] = []
    store.subscribe(told.append)
    assert store.accept(_arrival(door="osc")) is None
    assert [(each.id, each.state) for each in told] == [(job.id, State.QUEUED)]
    assert len(store.jobs()) == 1


def _claimed(store: JobStore) -> Job:
    _accepted(store)
    claimed = store.claim()
    assert claimed is not None
    return claimed


FULL = Failure("storage.full", "Full.", "", retryable=True, retry_at=0.0)
CHANGES: dict[str, tuple[Callable[[JobStore], object], Callable[[JobStore], object], State]] = {
    "accept": (lambda _: None, lambda store: store.accept(_arrival()), State.QUEUED),
    "claim": (_accepted, lambda store: store.claim(), State.SEPARATING),
    "advance": (_claimed, lambda store: store.advance(store.jobs()[0], State.PUBLISHING), State.PUBLISHING),
    "fail": (_claimed, lambda store: store.fail(store.jobs()[0], FULL), State.FAILED),
    "reassign": (_claimed, lambda s: s.reassign(s.jobs()[0], JobSpec(Path("/out")), "k"), State.QUEUED),
    "requeue": (lambda s: s.fail(_claimed(s), FULL), lambda store: store.requeue_due(), State.QUEUED),
    "retry": (lambda s: s.fail(_claimed(s), FULL), lambda s: s.retry(s.jobs()[0].id), State.QUEUED),
    "cancel": (_accepted, lambda store: store.cancel(store.jobs()[0].id), State.CANCELLED),
    "wish": (_claimed, lambda store: store.cancel(store.jobs()[0].id), State.SEPARATING),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_disk_that_fails_after_the_commit_undoes_nothing_and_everybody_is_told(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Otherwise whoever is told of an error believes that nothing has changed: a claimed job would be nobody's."""
    prepare, act, expected = CHANGES[change]
    prepare(store)
    told: list[Job] = []
    store.subscribe(told.append)
    database = store._database
    transaction = database.transaction

    @contextlib.contextmanager
    def last_one() -> Iterator[None]:
        with transaction():
            yield
        monkeypatch.setattr(database, "rows", _broken)

    monkeypatch.setattr(database, "transaction", last_one)
    assert act(store)
    monkeypatch.undo()
    (job,) = store.jobs()
    assert (told, job.state) == ([job], expected)


def _broken(*_: object) -> list[sqlite3.Row]:
    raise StorageError("The disk is gone.")


def test_new_content_under_the_same_name_is_a_new_job(store: JobStore) -> None:
    _accepted(store)
    assert store.accept(_arrival(sha256="bb")) is not None


def test_going_back_to_older_content_is_a_new_job_too(store: JobStore) -> None:
    _accepted(store)
    _accepted(store, _arrival(sha256="bb"))
    assert store.accept(_arrival(sha256="aa")) is not None


def test_the_same_content_under_a_new_name_is_a_job_with_the_same_key(store: JobStore) -> None:
    first, second = _accepted(store), _accepted(store, _arrival("copy.wav"))
    assert first.key == second.key
    assert first.id != second.id


def test_saving_again_after_a_failure_is_a_new_try(store: JobStore) -> None:
    _accepted(store)
    job = store.claim()
    assert job is not None
    store.fail(job, Failure("x", "It broke.", "", retryable=False))
    assert store.accept(_arrival()) is not None


def test_saving_again_after_the_delivery_was_thrown_away_is_a_new_job(store: JobStore, tmp_path: Path) -> None:
    _accepted(store)
    folder = tmp_path / "mix"
    folder.mkdir()
    _delivered(store, folder)
    assert store.accept(_arrival()) is None
    folder.rmdir()
    assert store.accept(_arrival()) is not None


def test_a_command_repeated_while_its_job_is_under_way_is_that_job(store: JobStore, tmp_path: Path) -> None:
    first = _accepted(store, _arrival(door="cli"))
    assert store.accept(_arrival(door="cli")) is None
    latest = store.latest_of(first.source, first.sha256)
    assert latest is not None
    assert latest.id == first.id
    _delivered(store, tmp_path)
    assert store.accept(_arrival(door="cli")) is not None


def test_jobs_are_claimed_oldest_first_and_each_once(store: JobStore) -> None:
    ids = [_accepted(store, _arrival(f"{n}.wav", f"{n}")).id for n in range(3)]
    claimed = [store.claim(), store.claim(), store.claim(), store.claim()]
    assert [job.id if job else None for job in claimed] == [*ids, None]


def test_a_worker_may_claim_only_jobs_it_knows(store: JobStore) -> None:
    _accepted(store)
    mine = _accepted(store, _arrival("mine.wav", "bb"))
    job = store.claim({mine.id})
    assert job is not None
    assert job.id == mine.id
    assert store.claim({mine.id}) is None


def test_threads_that_claim_at_once_never_get_the_same_job(store: JobStore) -> None:
    for n in range(40):
        _accepted(store, _arrival(f"{n}.wav", f"{n}"))
    claimed: list[str] = []

    def work() -> None:
        while job := store.claim():
            claimed.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 40


def test_what_a_dead_worker_was_on_is_found_again(store: JobStore, tmp_path: Path, clock: Clock) -> None:
    _accepted(store)
    job = store.claim()
    assert job is not None
    store.advance(job, State.NORMALISING)
    store.close()
    again = JobStore(tmp_path / "jobs.db", key_of=_key, clock=clock)
    assert [(found.id, found.state) for found in again.interrupted()] == [(job.id, State.NORMALISING)]
    again.close()


def test_a_forbidden_change_of_state_is_refused(store: JobStore) -> None:
    with pytest.raises(NotPossible, match="queued and cannot become delivered"):
        store.advance(_accepted(store), State.DELIVERED)


def test_a_change_from_a_state_the_job_has_left_is_refused(store: JobStore) -> None:
    stale = _accepted(store)
    store.claim()
    with pytest.raises(NotPossible, match="no longer queued"):
        store.advance(stale, State.SEPARATING)


def test_a_waiting_job_is_cancelled_at_once_a_running_one_by_its_worker(store: JobStore) -> None:
    running = _accepted(store)
    waiting = _accepted(store, _arrival("b.wav", "bb"))
    store.claim()
    assert store.cancel(waiting.id).state is State.CANCELLED
    assert store.cancel(running.id).state is State.SEPARATING
    assert store.cancelling(running.id)


def test_a_cancelled_job_can_be_retried_and_is_not_cancelled_again(store: JobStore) -> None:
    job = _accepted(store)
    store.cancel(job.id)
    assert store.retry(job.id).state is State.QUEUED
    assert not store.cancelling(job.id)


def test_a_delivered_job_cannot_be_cancelled_or_retried(store: JobStore, tmp_path: Path) -> None:
    _accepted(store)
    job = _delivered(store, tmp_path)
    with pytest.raises(NotPossible):
        store.cancel(job.id)
    with pytest.raises(NotPossible) as caught:
        store.retry(job.id)
    assert "--force" in caught.value.advice


def test_a_failure_that_may_be_retried_is_queued_when_its_time_comes(store: JobStore, clock: Clock) -> None:
    _accepted(store)
    job = store.claim()
    assert job is not None
    failed = store.fail(job, Failure("storage.full", "Full.", "Free some.", retryable=True, retry_at=clock.now + 15))
    assert failed.failure is not None
    assert store.requeue_due() == 0
    clock.now += 15
    assert store.requeue_due() == 1
    again = store.claim()
    assert again is not None
    assert (again.id, again.attempt, again.failure) == (job.id, 2, None)


def test_a_job_is_found_by_the_beginning_of_its_id(store: JobStore) -> None:
    job = _accepted(store)
    assert store.get(job.id[:5].upper()).id == job.id
    for wrong in ("", "  ", "nothing!", "%", "_"):
        with pytest.raises(JobNotFound):
            store.get(wrong)


def test_an_ambiguous_beginning_is_refused(store: JobStore) -> None:
    ids = [_accepted(store, _arrival(f"{n}.wav", f"{n}")).id for n in range(40)]
    first = next(i[0] for i in ids if sum(j[0] == i[0] for j in ids) > 1)  # 40 ids, 31 letters
    with pytest.raises(JobNotFound, match="Several"):
        store.get(first)


def test_the_history_tells_every_change(store: JobStore, tmp_path: Path) -> None:
    job = _accepted(store)
    _delivered(store, tmp_path)
    kinds = [event.kind for event in store.events(job.id)]
    assert kinds == ["accepted", "separating", "normalising", "delivering", "delivered"]


def test_listeners_hear_of_each_change_after_it_is_durable(store: JobStore) -> None:
    heard: list[tuple[State, State]] = []
    store.subscribe(lambda job: heard.append((job.state, store.get(job.id).state)))
    _accepted(store)
    store.claim()
    assert heard == [(State.QUEUED, State.QUEUED), (State.SEPARATING, State.SEPARATING)]


def test_progress_is_kept_until_the_job_is_queued_again(store: JobStore) -> None:
    _accepted(store)
    job = store.claim()
    assert job is not None
    store.progress(job.id, 0.4, "separating into vocals")
    assert (store.get(job.id).progress, store.get(job.id).step) == (0.4, "separating into vocals")
    store.advance(store.get(job.id), State.CANCELLED)
    assert store.retry(job.id).progress == 0.0


def test_another_process_sees_that_something_changed(store: JobStore, tmp_path: Path, clock: Clock) -> None:
    store.changed_elsewhere()
    assert not store.changed_elsewhere()
    other = JobStore(tmp_path / "jobs.db", key_of=_key, clock=clock)
    other.accept(_arrival())
    other.close()
    assert store.changed_elsewhere()
    assert not store.changed_elsewhere()


_ACCEPT_FOREVER = """
import sys
from pathlib import Path
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.retry import LONGEST_DELAY_S
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore
store = JobStore(Path(sys.argv[1]), key_of=lambda arrival: arrival.sha256)
for n in range(10_000):
    name = f"{n}.wav"
    spec = JobSpec(output=Path("out"))
    arrival = Arrival(Path(name), Path(name), name, Signature(n, n, n), name, "inbox", spec, True)
    print(store.accept(arrival), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_what_was_accepted_survives_kill_9(tmp_path: Path) -> None:
    for run in range(3):
        database = tmp_path / f"{run}.db"
        process = subprocess.Popen(
            [sys.executable, "-c", _ACCEPT_FOREVER, str(database)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(20 + 17 * run)]
        process.kill()
        told += [line.strip() for line in process.stdout.read().splitlines() if line.strip()]
        process.stdout.close()
        process.wait()
        store = JobStore(database, key_of=_key)
        kept = [job.id for job in reversed(store.jobs())]
        assert kept[: len(told)] == told  # one more may have been committed that nobody was told of
        assert len(kept) - len(told) <= 1
        assert len(store.seen()) == len(kept)
        store.close()


def _way_to(state: State) -> list[State]:
    """The states that a new job passes on its shortest way to this one."""
    ways = [[State.QUEUED]]
    for way in ways:
        if way[-1] is state:
            return way[1:]
        ways += [[*way, after] for after in TRANSITIONS[way[-1]] if after not in way]
    raise AssertionError(f"there is no way to {state}")


@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before in sorted(WORKING) for after in TRANSITIONS[before]]
)
def test_a_wish_to_cancel_that_comes_at_any_moment_is_kept_until_the_job_ends(
    store: JobStore, before: State, after: State
) -> None:
    job = _accepted(store)
    for state in _way_to(before):
        job = store.advance(job, state)
    store.cancel(job.id)
    ended = store.advance(job, after)
    if after in WORKING:
        assert (ended.state, ended.cancelling) == (after, True)
    else:
        expected = State.DELIVERED if after is State.DELIVERED else State.CANCELLED
        assert (ended.state, ended.cancelling) == (expected, False)


def test_a_job_that_fails_while_somebody_cancels_it_is_never_tried_again(store: JobStore) -> None:
    job = _accepted(store)
    store.claim()
    store.cancel(job.id)
    failed = store.fail(store.get(job.id), Failure("storage.full", "Full.", "", retryable=True, retry_at=0.0))
    assert (failed.state, failed.failure) == (State.CANCELLED, None)
    assert store.requeue_due() == 0


def test_no_other_engine_takes_over_a_job_that_somebody_cancels(store: JobStore) -> None:
    job = _accepted(store)
    store.claim()
    store.cancel(job.id)
    taken = store.reassign(store.get(job.id), dataclasses.replace(job.spec, engine="preview"), "another key")
    assert taken.state is State.CANCELLED
    assert store.claim() is None


def test_a_listener_that_fails_costs_neither_the_change_nor_the_other_listeners(
    store: JobStore, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def broken(_job: Job) -> None:
        raise ValueError("a mistake of the listener's")

    store.subscribe(broken)
    store.subscribe(lambda job: heard.append(job.id))
    job_id = store.accept(_arrival("a.wav"))
    assert heard == [job_id]
    assert "a listener failed" in caplog.text


def test_who_unsubscribes_hears_nothing_more(store: JobStore) -> None:
    heard: list[str] = []
    unsubscribe = store.subscribe(lambda job: heard.append(job.id))
    first = store.accept(_arrival("a.wav"))
    unsubscribe()
    unsubscribe()
    store.accept(_arrival("b.wav"))
    assert heard == [first]


def test_a_retry_noted_by_a_clock_that_was_set_back_since_is_tried_now(store: JobStore, clock: Clock) -> None:
    _accepted(store)
    job = store.claim()
    assert job is not None
    store.fail(job, Failure("storage.full", "", "", retryable=True, retry_at=clock.now + LONGEST_DELAY_S))
    assert store.requeue_due() == 0
    clock.now -= 400 * 86_400
    assert store.requeue_due() == 1
