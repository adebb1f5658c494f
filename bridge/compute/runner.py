"""Runs one task on an executor and watches it: progress comes out, a cancel or a stop goes in.

Works with every `concurrent.futures.Executor`. What differs between its users (which progress goes where, what ends a
task early) is passed in as two callables.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, wait
from typing import Any, Protocol, TypeVar, runtime_checkable

from bridge.compute.progress import clear, raise_if_stop_requested, read_progress, request_stop
from bridge.compute.tasks import Task
from bridge.errors import EngineFailed
from bridge.units import StepProgress

T = TypeVar("T")
TaskT = TypeVar("TaskT", bound=Task)

log = logging.getLogger(__name__)

TICK_S = 0.1
"""How often a running task is checked: the time within which a cancel is noticed."""

GRACE_S = 0.4
"""How long a task may take to stop by itself before its process is killed."""

FOREIGN_GRACE_S = 5.0
"""The same where the process cannot be killed; then the caller goes on without it."""


class Stopped(Exception):
    """The program is stopping; the job stays where it is. Not an error: users never see it."""


@runtime_checkable
class Killable(Protocol):
    """A future of an executor that can kill the process which runs the call."""

    def kill(self) -> None:
        """Kill the process. The future then ends with an error."""
        ...


def run_task(
    executor: Executor,
    function: Callable[[TaskT], T],
    task: TaskT,
    *,
    check: Callable[[], None],
    report: Callable[[StepProgress], None],
) -> T:
    """Return what `function(task)` returns on the executor, or raise what it raises.

    `check` is called before the task starts and then every `TICK_S` until it ends; whatever it raises ends the task
    and is raised here. `report` is called as often, with the latest progress.

    A task that ends early is taken out of the queue, or asked to stop, or, after `GRACE_S`, killed: when this function
    raises, the task writes nothing any more. An executor that cannot kill has `FOREIGN_GRACE_S`; a task on it that
    reports no progress for longer may still be running.

    Raises `EngineFailed` where the executor itself dropped the task.
    """
    check()
    with contextlib.suppress(OSError):  # without progress the task still does its work
        clear(task.progress)
    future = executor.submit(_start, function, task)
    try:
        while not _ended(future):
            check()
            report(read_progress(task.progress))
    except BaseException:
        abandon(future, task)
        raise
    try:
        return future.result()
    except CancelledError:
        check()
        raise EngineFailed(
            "The executor dropped the work before it began.",
            code="engine.died",
            advice="Check that the machines that compute are running; then retry the job.",
        ) from None


def abandon(future: Future[Any], task: Task) -> None:
    """End a task whose result nobody wants, and return when it has ended."""
    request_stop(task.progress)
    if future.cancel() or wait([future], GRACE_S).done:
        return
    if isinstance(future, Killable):
        log.debug("%s did not stop within %s s: its process is killed", type(task).__name__, GRACE_S)
        future.kill()
        wait([future])
    elif not wait([future], FOREIGN_GRACE_S).done:
        log.warning("A task on another machine did not stop when asked (%s). It may still run.", type(task).__name__)


def _ended(future: Future[Any]) -> bool:
    """Wait for the end of the call, at most `TICK_S`."""
    # `wait` alone never returns a call that an executor cancelled in its queue while it was shut down.
    return bool(wait([future], TICK_S).done) or future.done()


def _start(function: Callable[[TaskT], T], task: TaskT) -> T:
    # A process pool takes a call from its queue before a worker is free, and then does not cancel it any more.
    raise_if_stop_requested(task.progress)
    return function(task)
