from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.compute.executor import LocalExecutor, slots_of
from bridge.compute.runner import Killable
from bridge.errors import BounceError, EngineFailed


def _pid() -> int:
    return os.getpid()


def _fail() -> None:
    raise BounceError("It is empty.", code="bounce.empty", advice="Render it again.")


def _hang(pid_file: Path) -> None:
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pid_file.with_suffix(".tmp").write_text(f"{os.getpid()} {helper.pid}")
    pid_file.with_suffix(".tmp").rename(pid_file)
    time.sleep(600)


def _sleep_and_tell(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def _die() -> None:
    os._exit(3)


class _Incomprehensible:
    """Cannot be unpickled where it was not made: as after an update under a running bridge."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return _refuse_elsewhere, (os.getpid(),)


def _refuse_elsewhere(pid: int) -> None:
    if os.getpid() != pid:
        raise AttributeError("no such class here")


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    executor.shutdown(cancel_futures=True)


def _wait_for(path: Path) -> str:
    while not path.exists():
        time.sleep(0.01)
    return path.read_text()


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_call_runs_in_another_process_which_stays_warm_for_the_next(executor: LocalExecutor) -> None:
    first, second = executor.submit(_pid).result(), executor.submit(_pid).result()
    assert first == second != os.getpid()


def test_an_answer_that_cannot_be_understood_is_an_error_and_no_wait_without_end(executor: LocalExecutor) -> None:
    with pytest.raises(EngineFailed, match="no such class here"):
        executor.submit(_Incomprehensible).result(timeout=60)
    assert executor.submit(_pid).result(timeout=60) != os.getpid()


def test_a_call_that_cannot_be_sent_is_an_error_and_no_wait_without_end(executor: LocalExecutor) -> None:
    with pytest.raises(EngineFailed):
        executor.submit(lambda: None).result(timeout=60)


def test_an_error_arrives_whole(executor: LocalExecutor) -> None:
    with pytest.raises(BounceError) as caught:
        executor.submit(_fail).result()
    assert (caught.value.message, caught.value.code, caught.value.advice) == (
        "It is empty.",
        "bounce.empty",
        "Render it again.",
    )


def _kill(future: Future[Any]) -> None:
    assert isinstance(future, Killable)
    future.kill()


def test_a_kill_ends_the_process_and_what_it_has_started(executor: LocalExecutor, tmp_path: Path) -> None:
    future = executor.submit(_hang, tmp_path / "pids")
    pids = [int(pid) for pid in _wait_for(tmp_path / "pids").split()]
    assert not future.cancel()  # as the standard says of a call that runs
    _kill(future)
    with pytest.raises(EngineFailed):
        future.result(timeout=10)
    deadline = time.monotonic() + 10
    while not all(_gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(_gone(pid) for pid in pids)


def test_after_a_killed_call_the_next_one_works(executor: LocalExecutor, tmp_path: Path) -> None:
    future = executor.submit(_hang, tmp_path / "pids")
    _wait_for(tmp_path / "pids")
    _kill(future)
    assert executor.submit(_pid).result() != os.getpid()


def test_a_process_that_dies_is_an_engine_failure_that_says_how(executor: LocalExecutor) -> None:
    with pytest.raises(EngineFailed, match="exit code 3"):
        executor.submit(_die).result()


def test_a_process_without_work_gives_its_memory_back() -> None:
    executor = LocalExecutor(linger_s=0.1)
    pid = executor.submit(_pid).result()
    deadline = time.monotonic() + 10
    while not _gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _gone(pid)
    executor.shutdown()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    source = Path(__file__)
    program = (
        "import sys, importlib.util as u; from pathlib import Path\n"
        f"s = u.spec_from_file_location('calls', {str(source)!r}); m = u.module_from_spec(s)\n"
        "sys.modules['calls'] = m; s.loader.exec_module(m)\n"
        "if __name__ == '__main__':\n"
        f"    m.LocalExecutor().submit(m._hang, Path({str(tmp_path / 'pids')!r})).result()\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    pids = [int(pid) for pid in _wait_for(tmp_path / "pids").split()]
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while not all(_gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(_gone(pid) for pid in pids)


def test_a_late_kill_does_not_end_the_child_that_runs_another_call(executor: LocalExecutor) -> None:
    first = executor.submit(_pid)
    child = first.result()
    second = executor.submit(_sleep_and_tell, 0.3)
    _kill(first)
    assert second.result() == child


def test_a_kill_before_the_process_has_started_ends_the_call_too(executor: LocalExecutor, tmp_path: Path) -> None:
    future = executor.submit(_hang, tmp_path / "pids")
    while not future.running():
        time.sleep(0.001)
    _kill(future)
    with pytest.raises(EngineFailed):
        future.result(timeout=60)


def _mark_and_wait(folder: Path, name: str) -> int:
    (folder / name).touch()
    _wait_for(folder / "go")
    return os.getpid()


@pytest.mark.parametrize("slots", [1, 2])
def test_no_more_calls_run_at_once_than_there_are_slots(tmp_path: Path, slots: int) -> None:
    executor = LocalExecutor(slots)
    try:
        futures = [executor.submit(_mark_and_wait, tmp_path, f"call {number}") for number in range(5)]
        while len(list(tmp_path.glob("call *"))) < slots:
            time.sleep(0.01)
        assert [future.running() for future in futures] == [number < slots for number in range(5)]
        (tmp_path / "go").touch()
        assert len({future.result(timeout=60) for future in futures}) == slots
    finally:
        executor.shutdown(cancel_futures=True)


def test_a_queued_call_that_is_cancelled_never_starts(executor: LocalExecutor, tmp_path: Path) -> None:
    first = executor.submit(_mark_and_wait, tmp_path, "first")
    second = executor.submit(_mark_and_wait, tmp_path, "second")
    third = executor.submit(_mark_and_wait, tmp_path, "third")
    assert second.cancel()
    (tmp_path / "go").touch()
    assert first.result(timeout=60) == third.result(timeout=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "go", "third"]
    with pytest.raises(CancelledError):
        second.result()


def test_a_shutdown_that_cancels_drops_the_queue_and_kills_what_runs(tmp_path: Path) -> None:
    executor = LocalExecutor()
    running = executor.submit(_hang, tmp_path / "pids")
    queued = executor.submit(_pid)
    _wait_for(tmp_path / "pids")
    executor.shutdown(cancel_futures=True)
    assert queued.cancelled()
    assert isinstance(running.exception(), EngineFailed)


def test_a_shutdown_without_cancelling_lets_the_queue_finish() -> None:
    executor = LocalExecutor()
    futures = [executor.submit(_pid) for _ in range(2)]
    executor.shutdown()
    assert all(future.done() and future.result() != os.getpid() for future in futures)


def test_the_number_of_slots_is_the_executor_s_own_or_one() -> None:
    assert (slots_of(LocalExecutor()), slots_of(LocalExecutor(3))) == (1, 3)
    with ThreadPoolExecutor(4) as threads:
        assert slots_of(threads) == 1


def test_a_process_that_cannot_start_is_an_engine_failure(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_process: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
        with pytest.raises(EngineFailed, match="could not be started: Resource temporarily unavailable"):
            executor.submit(_pid).result(timeout=60)
    assert executor.submit(_pid).result(timeout=60) != os.getpid()
