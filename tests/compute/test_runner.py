"""The runner over every kind of executor: ours, threads with a busy slot, and a process pool."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.compute.executor import LocalExecutor
from bridge.compute.progress import FileProgress
from bridge.compute.runner import GRACE_S, TICK_S, run_task
from bridge.compute.tasks import Task
from bridge.errors import BounceError, EngineFailed, StepCancelled
from bridge.units import StepProgress

KINDS: dict[str, Callable[[], Executor]] = {
    "ours": LocalExecutor,
    "threads": lambda: ThreadPoolExecutor(1),
    "processes": lambda: ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")),
}


@pytest.fixture(params=KINDS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    executor = KINDS[request.param]()
    yield executor
    executor.shutdown(cancel_futures=True)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path / "progress")


def _beside(task: Task, name: str) -> Path:
    return task.progress.with_name(name)


def _pid(task: Task) -> int:
    _beside(task, "started").touch()
    return os.getpid()


def _refuse(_task: Task) -> None:
    raise BounceError("It is empty.", code="bounce.empty")


def _report_until_stopped(task: Task) -> None:
    """Reports for ever, and says that it ended."""
    progress = FileProgress(task.progress)
    try:
        while True:
            progress.report(StepProgress(0.5, "fetching weights", 120, 320, "MB"))
            _beside(task, "started").touch()
            time.sleep(0.01)
    finally:
        _beside(task, "ended").touch()


def _ignore_the_request(task: Task) -> None:
    _beside(task, "started").touch()
    time.sleep(600)


def _wait_for_go(task: Task) -> int:
    _beside(task, "busy").touch()
    while not _beside(task, "go").exists():
        time.sleep(0.01)
    return os.getpid()


def _nothing(_progress: StepProgress) -> None:
    pass


def _cancel_when(condition: Callable[[], bool]) -> Callable[[], None]:
    def check() -> None:
        if condition():
            raise StepCancelled("The job was cancelled.")

    return check


def _busy(executor: Executor, task: Task, tmp_path: Path) -> tuple[Future[int], Task]:
    """Fill the only slot of the executor."""
    (tmp_path / "other").mkdir()
    other = Task(tmp_path / "other" / "progress")
    future = executor.submit(_wait_for_go, other)
    while not _beside(other, "busy").exists():
        time.sleep(0.01)
    return future, other


def test_the_result_comes_back(executor: Executor, task: Task) -> None:
    assert run_task(executor, _pid, task, check=lambda: None, report=_nothing) > 0


def test_an_error_comes_back_whole(executor: Executor, task: Task) -> None:
    with pytest.raises(BounceError) as caught:
        run_task(executor, _refuse, task, check=lambda: None, report=_nothing)
    assert caught.value.code == "bounce.empty"


def test_progress_comes_out_and_a_cancel_goes_in(executor: Executor, task: Task) -> None:
    seen: list[StepProgress] = []
    check = _cancel_when(lambda: any(one.done for one in seen))
    with pytest.raises(StepCancelled):
        run_task(executor, _report_until_stopped, task, check=check, report=seen.append)
    assert seen[-1] == StepProgress(0.5, "fetching weights", 120, 320, "MB")
    assert _beside(task, "ended").exists()  # asked, not killed


def test_a_task_cancelled_while_it_waits_for_a_slot_ends_as_cancelled_and_never_starts(
    executor: Executor, task: Task, tmp_path: Path
) -> None:
    first, other = _busy(executor, task, tmp_path)
    asked = iter([False, False, True])
    with pytest.raises(StepCancelled):
        run_task(executor, _pid, task, check=_cancel_when(lambda: next(asked)), report=_nothing)
    _beside(other, "go").touch()
    first.result(timeout=60)
    executor.submit(abs, 1).result(timeout=60)  # whatever was in the queue before is over
    assert not _beside(task, "started").exists()


def test_a_task_that_was_to_be_cancelled_before_it_began_is_not_submitted(task: Task) -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(StepCancelled):
        run_task(executor, _pid, task, check=_cancel_when(lambda: True), report=_nothing)
    assert not _beside(task, "started").exists()


def test_a_failing_report_ends_the_task(executor: Executor, task: Task) -> None:
    def fail(progress: StepProgress) -> None:
        if progress.done:
            raise OSError("the job store is gone")

    with pytest.raises(OSError, match="the job store is gone"):
        run_task(executor, _report_until_stopped, task, check=lambda: None, report=fail)
    assert _beside(task, "ended").exists()


def test_the_child_stays_warm_after_a_task_that_stopped_when_asked(task: Task) -> None:
    executor = LocalExecutor()
    try:
        before = executor.submit(os.getpid).result(timeout=60)
        check = _cancel_when(_beside(task, "started").exists)
        with pytest.raises(StepCancelled):
            run_task(executor, _report_until_stopped, task, check=check, report=_nothing)
        assert executor.submit(os.getpid).result(timeout=60) == before
    finally:
        executor.shutdown(cancel_futures=True)


def test_a_task_that_does_not_stop_when_asked_is_killed(task: Task) -> None:
    executor = LocalExecutor()
    try:
        before = executor.submit(os.getpid).result(timeout=60)
        check = _cancel_when(_beside(task, "started").exists)
        with pytest.raises(StepCancelled):
            run_task(executor, _ignore_the_request, task, check=check, report=_nothing)
        assert executor.submit(os.getpid).result(timeout=60) != before
    finally:
        executor.shutdown(cancel_futures=True)


def test_a_cancel_is_obeyed_within_a_second() -> None:
    assert TICK_S + GRACE_S <= 0.6  # and a kill takes milliseconds


def test_a_task_that_no_one_can_kill_is_left_after_a_while(
    task: Task, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bridge.compute.runner.FOREIGN_GRACE_S", 0.05)
    go = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        running = threading.Event()

        def deaf(_task: Task) -> None:
            running.set()
            go.wait(60)

        with pytest.raises(StepCancelled):
            run_task(executor, deaf, task, check=_cancel_when(running.is_set), report=_nothing)
        assert "may still run" in caplog.text
        go.set()


def test_a_task_that_the_executor_drops_is_an_engine_failure_and_no_bug(task: Task, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        _, other = _busy(executor, task, tmp_path)

        def drop(_progress: StepProgress) -> None:
            executor.shutdown(wait=False, cancel_futures=True)

        with pytest.raises(EngineFailed, match="dropped the work"):
            run_task(executor, _pid, task, check=lambda: None, report=drop)
        _beside(other, "go").touch()
