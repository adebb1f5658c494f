from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.database.database import Database
from bridge.jobs.folder import InstanceLock, StateFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead of modes")


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(root: Path) -> list[str]:
    """Name all that anybody but the owner may read, write or enter."""
    return [str(path) for path in (root, *root.rglob("*")) if path.stat().st_mode & 0o077]


def used(root: Path) -> None:
    """Make the folder, take its lock, and check while the database has its -wal and -shm."""
    state = StateFolder(root)
    state.make()
    lock = InstanceLock(state, "a test")
    lock.acquire()
    database = Database(state.database, package="bridge.jobs.sql", title="job store")
    assert {"stembridge.db", "stembridge.db-wal", "stembridge.db-shm"} <= {path.name for path in root.iterdir()}
    assert open_to_others(root) == []
    database.close()
    lock.release()


def test_a_new_state_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    used(tmp_path / "state")


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_state_folder_that_an_older_version_left_open_is_closed_at_the_start(tmp_path: Path, mode: int) -> None:
    root = tmp_path / "state"
    for name in ("spool", "stems/key", "work/job", "logs"):
        (root / name).mkdir(parents=True)
        (root / name / "file").touch()
    Database(root / "stembridge.db", package="bridge.jobs.sql", title="job store").close()
    (root / "status.json").touch()
    for path in (root, *root.rglob("*")):
        path.chmod(mode)
    used(root)
