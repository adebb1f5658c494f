from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import InstanceRunning, StorageError
from bridge.jobs.folder import InstanceLock, StateFolder, holder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    return state


_HOLD = """
import sys, time
from pathlib import Path
from bridge.jobs.folder import InstanceLock, StateFolder
lock = InstanceLock(StateFolder(Path(sys.argv[1])), "stembridge up")
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def _holder(state: StateFolder) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(state.root)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_with_the_name_of_the_first(state: StateFolder) -> None:
    with _holder(state) as process:
        with pytest.raises(InstanceRunning, match=rf"process {process.pid} \(stembridge up, since "):
            InstanceLock(state, "test").acquire()
        assert f"process {process.pid}" in (holder(state) or "")
        process.kill()
        process.wait()


def test_a_killed_process_holds_nothing(state: StateFolder) -> None:
    with _holder(state) as process:
        process.kill()
        process.wait()
    lock = InstanceLock(state, "test")
    lock.acquire()
    lock.release()
    assert holder(state) is None


def test_looking_for_the_holder_leaves_the_lock_free(state: StateFolder) -> None:
    assert holder(state) is None
    lock = InstanceLock(state, "test")
    lock.acquire()
    lock.release()


def test_a_state_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        StateFolder(tmp_path / "file" / "state").make()
