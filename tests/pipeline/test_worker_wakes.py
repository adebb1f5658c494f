from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from bridge.compute.executor import LocalExecutor
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.kept import KeptStems
from bridge.pipeline.steps import Pipeline
from bridge.pipeline.worker import Worker
from bridge.separation.registry import LOCAL


class _Busy(JobStore):
    """A store in which a job arrives at the very moment after the worker has found nothing to do."""

    worker: Worker
    arrived = False

    def claim(self, only: Iterable[str] | None = None, engines: Iterable[str] | None = None) -> Job | None:
        job = super().claim(only, engines)
        if not self.arrived:
            self.arrived = True
            arrival = Arrival(
                Path("a.wav"), Path("spool"), "0" * 64, Signature(1, 2, 3), "a", "inbox", JobSpec(Path("out"))
            )
            self.accept(arrival)
            self.worker.wake()
        return job


class _Noting(Pipeline):
    """Takes a job and does nothing with it."""

    taken = threading.Event()

    def run(self, job: Job) -> Job:
        self.taken.set()
        self.stopped.wait()
        return job

    stopped = threading.Event()

    def stop(self) -> None:
        self.stopped.set()


def test_a_wake_just_after_the_worker_has_looked_is_not_lost(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.make()
    store = _Busy(state.database, key_of=lambda _: "key")
    executor = LocalExecutor()
    pipeline = _Noting(store, state, KeptStems(state.stems, 0), executor)
    store.worker = worker = Worker(store, pipeline, Backlog(store, LOCAL), key_of=lambda _job, _order: "key")
    worker.start()
    try:
        assert pipeline.taken.wait(60)
    finally:
        worker.stop()
        executor.shutdown()
        store.close()


class _Hasty(threading.Event):
    """A bell on which somebody asks the worker to stop at the very moment before it is silenced."""

    worker: Worker

    def clear(self) -> None:
        self.worker.ask_to_stop()
        super().clear()


def test_a_stop_just_before_the_worker_looks_is_not_lost(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.make()
    store = JobStore(state.database, key_of=lambda _: "key")
    executor = LocalExecutor()
    pipeline = Pipeline(store, state, KeptStems(state.stems, 0), executor)
    worker = Worker(store, pipeline, Backlog(store, LOCAL), key_of=lambda _job, _order: "key")
    bell = _Hasty()
    bell.worker = worker
    worker._thread._woken = bell
    worker.start()
    worker._thread._thread.join(20)
    stopped = not worker._thread._thread.is_alive()
    worker.ask_to_stop()
    executor.shutdown()
    store.close()
    assert stopped
