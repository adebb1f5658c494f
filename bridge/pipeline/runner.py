"""Runs one task in the other process while watching over it: progress out, cancel and stop in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, TimeoutError
from dataclasses import dataclass
from typing import TypeVar

from bridge.compute.progress import read_progress
from bridge.errors import StepCancelled
from bridge.jobs.job import Job
from bridge.jobs.store import JobStore
from bridge.pipeline.tasks import Task

T = TypeVar("T")
TaskT = TypeVar("TaskT", bound=Task)

TICK_S = 0.1
"""How often a running task is looked at: the time within which a cancel is noticed."""

REPORT_EVERY_TICKS = 3
"""Progress is written to the job store no more often than every so many ticks: each is a durable commit."""


class Stopped(Exception):
    """The daemon is stopping; the job stays where it stands. Not an error: nothing outside this room sees it."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a task is called, and which part of the whole job it is."""

    start: float
    end: float
    text: str

    def at(self, fraction: float) -> float:
        """Return the progress of the job when the task is so far."""
        return self.start + (self.end - self.start) * fraction


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
        if self._stopping.is_set():
            raise Stopped
        with contextlib.suppress(OSError):  # a picture of the moment, as where it is written
            task.progress.unlink(missing_ok=True)
        self._store.progress(job.id, span.at(0.0), span.text)
        future = self._executor.submit(function, task)
        ticks = 0
        reported = 0.0
        while not _done(future):
            if self._stopping.is_set():
                _abandon(future)
                raise Stopped
            if self._store.cancelling(job.id):
                _abandon(future)
                raise StepCancelled(f"Job {job.id} was cancelled.")
            ticks += 1
            fraction = read_progress(task.progress)
            if ticks % REPORT_EVERY_TICKS == 0 and fraction > reported:
                reported = fraction
                self._store.progress(job.id, span.at(fraction), span.text)
        return future.result()


def _done(future: Future[T]) -> bool:
    try:
        future.exception(timeout=TICK_S)
    except TimeoutError:
        return False
    return True


def _abandon(future: Future[T]) -> None:
    future.cancel()
    future.exception()  # what it was writing must have stopped before anybody cleans up
