"""Runs the tasks of a job: progress goes to the job store, a cancel or a stop ends the running task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from bridge.compute.progress import Span
from bridge.compute.runner import Stopped, run_task
from bridge.compute.tasks import Task
from bridge.errors import StepCancelled
from bridge.jobs.job import Job
from bridge.jobs.store import JobStore
from bridge.units import StepProgress

T = TypeVar("T")
TaskT = TypeVar("TaskT", bound=Task)

REPORT_EVERY_S = 0.3
"""Progress is written to the job store no more often than this: each report is a durable commit."""


class TaskRunner:
    """Runs tasks of one worker, one at a time."""

    def __init__(self, store: JobStore, executor: Executor, stopping: threading.Event) -> None:
        """Once `stopping` is set, the running task and each later one end with `Stopped`."""
        self._store = store
        self._executor = executor
        self._stopping = stopping

    def run(self, job: Job, span: Span, function: Callable[[TaskT], T], task: TaskT) -> T:
        """Return what `function(task)` returns in the other process, or raise what it raises.

        Raises `StepCancelled` where somebody cancels the job meanwhile, `Stopped` where the worker stops.
        """
        self.check(job.id)
        report = _Reports(self._store, job.id, span)
        return run_task(self._executor, function, task, check=lambda: self.check(job.id), report=report)

    def check(self, job_id: str) -> None:
        """Raise `Stopped` where the worker stops, `StepCancelled` where somebody has cancelled the job."""
        if self._stopping.is_set():
            raise Stopped
        if self._store.cancelling(job_id):
            raise StepCancelled(f"Job {job_id} was cancelled.")


class _Reports:
    """Writes the progress of one step to the job store: at most every `REPORT_EVERY_S`, and only what is new."""

    def __init__(self, store: JobStore, job_id: str, span: Span) -> None:
        self._store = store
        self._job_id = job_id
        self._span = span
        self._written = StepProgress(0.0)
        self._next = time.monotonic() + REPORT_EVERY_S
        store.progress(job_id, span.at(0.0), span.text)

    def __call__(self, progress: StepProgress) -> None:
        now = time.monotonic()
        if now < self._next or progress == self._written or progress.fraction < self._written.fraction:
            return
        self._next = now + REPORT_EVERY_S
        self._written = progress
        self._store.progress(self._job_id, self._span.at(progress.fraction), self._span.describe(progress))
