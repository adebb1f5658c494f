"""The tasks of a job: their progress in the job store, and what ends them early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.compute.progress import FileProgress, Span
from bridge.compute.runner import Stopped
from bridge.compute.tasks import Task
from bridge.errors import StepCancelled
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore
from bridge.pipeline.runner import TaskRunner
from bridge.units import StepProgress

SPAN = Span(0.2, 0.6, "separating")


class Bench:
    """A job in a store, and a runner whose tasks run on a thread."""

    def __init__(self, root: Path) -> None:
        state = StateFolder(root / "state")
        state.make()
        (root / "out").mkdir()
        soundfile.write(root / "mix.wav", np.zeros((8000, 2)), 8000)
        self.store = JobStore(state.database, key_of=lambda arrival: arrival.sha256)
        named = Named(root / "mix.wav", False)
        ingest_now(named, JobSpec(output=root / "out"), "cli", self.store, state.spool)
        job = self.store.claim()
        assert job is not None
        self.id = job.id
        self.threads = ThreadPoolExecutor(1)
        self.stopping = threading.Event()
        self.runner = TaskRunner(self.store, self.threads, self.stopping)
        self.task = Task(root / "progress")
        self.changed = threading.Event()
        self.steps: list[tuple[float, str]] = []
        self.store.subscribe(self._note)

    def _note(self, job: Job) -> None:
        self.steps.append((round(job.progress, 3), job.step))
        self.changed.set()

    def close(self) -> None:
        self.threads.shutdown()
        self.store.close()

    def run(self, does: Callable[[FileProgress], object]) -> None:
        job = self.store.get(self.id)
        self.runner.run(job, SPAN, lambda task: does(FileProgress(task.progress)), self.task)

    def until_shown(self, progress: FileProgress, *shown: tuple[float, StepProgress]) -> None:
        """Report each step until the store has the value that is expected of it."""
        for expected, step in shown:
            while (
                not self.steps or self.steps[-1][0] != expected or (step.stage and step.stage not in self.steps[-1][1])
            ):
                self.changed.clear()
                progress.report(step)
                self.changed.wait(0.02)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_the_job_shows_the_step_then_the_stage_of_the_task_and_its_amounts(bench: Bench) -> None:
    def does(progress: FileProgress) -> None:
        fetching = StepProgress(0.0, "fetching weights", 120, 320, "MB")
        bench.until_shown(progress, (0.2, fetching), (0.4, StepProgress(0.5)))

    bench.run(does)
    assert bench.steps == [(0.2, "separating"), (0.2, "fetching weights, 120 of 320 MB"), (0.4, "separating")]


def test_the_progress_of_a_job_never_falls(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_task(*_call: object, report: Callable[[StepProgress], None], **_options: object) -> None:
        for fraction in (0.5, 0.1, 0.75):
            report(StepProgress(fraction))

    monkeypatch.setattr("bridge.pipeline.runner.REPORT_EVERY_S", 0.0)
    monkeypatch.setattr("bridge.pipeline.runner.run_task", run_task)
    bench.run(lambda _progress: None)
    assert [step[0] for step in bench.steps] == [0.2, 0.4, 0.5]


def _report_until_stopped(bench: Bench, asked: Callable[[], object]) -> Callable[[FileProgress], None]:
    def does(progress: FileProgress) -> None:
        asked()
        while True:
            progress(0.5)
            bench.changed.wait(0.01)

    return does


def test_a_cancelled_job_ends_its_running_task(bench: Bench) -> None:
    with pytest.raises(StepCancelled):
        bench.run(_report_until_stopped(bench, lambda: bench.store.cancel(bench.id)))


def test_a_stop_ends_the_running_task_and_begins_no_other(bench: Bench) -> None:
    with pytest.raises(Stopped):
        bench.run(_report_until_stopped(bench, bench.stopping.set))
    with pytest.raises(Stopped):
        bench.run(lambda _progress: pytest.fail("it was started"))
