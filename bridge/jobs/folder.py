"""What lies where in the state folder, and the lock that lets one process at a time work on it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import InstanceRunning, StorageError
from bridge.files.atomic import write_atomically
from bridge.files.private import OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, close_to_others, private_folder

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_PATIENCE_S = 0.5
"""Longer than another command holds the lock only to find out who has it."""

_PRIVATE_FILES = ("stembridge.db", "stembridge.db-wal", "stembridge.db-shm", "lock", "lock.json", "status.json")


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The daemon's own folder. No file in it belongs to the user; everything except the database can be rebuilt."""

    root: Path

    @property
    def database(self) -> Path:
        """The job store."""
        return self.root / "stembridge.db"

    @property
    def spool(self) -> Path:
        """Copies of accepted bounces, one file each."""
        return self.root / "spool"

    @property
    def stems(self) -> Path:
        """Kept stems, one folder per key, so that the same audio is not separated twice."""
        return self.root / "stems"

    @property
    def logs(self) -> Path:
        """The rotating log files."""
        return self.root / "logs"

    @property
    def status(self) -> Path:
        """The state of the bridge, for scripts: see docs/importers.md."""
        return self.root / "status.json"

    def work(self, job_id: str) -> Path:
        """Return the temporary folder of a job; removed when the job ends."""
        return self.root / "work" / job_id

    def make(self) -> None:
        """Make the folders that are not there, and close all of them to other users. Raises `StorageError`."""
        try:
            self.root.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            close_to_others(self.root)
            for name in _PRIVATE_FILES:
                close_to_others(self.root / name)
            for folder in (self.spool, self.stems, self.root / "work", self.logs):
                private_folder(folder)
        except OSError as error:
            raise StorageError.from_os(error, f"making the state folder {self.root}") from error


class InstanceLock:
    """Held by the one process that works on a state folder. The system releases it however that process ends."""

    def __init__(self, folder: StateFolder, doing: str) -> None:
        """Prepare to lock `folder`; `doing` is shown to other processes ("stembridge up")."""
        self._lock_file = folder.root / "lock"
        self._holder_file = folder.root / "lock.json"
        self._doing = doing
        self._lock: FileLock | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `InstanceRunning`, which names the process that holds it, or `StorageError`."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock_file, mode=OWNER_ONLY_FILE)
        try:
            lock.acquire(timeout=LOCK_PATIENCE_S)
        except Timeout:
            raise InstanceRunning(
                f"Stembridge already works on {self._lock_file.parent}: {self.described_holder()}.",
                advice="Stop that process first, or give this one another [state] folder.",
            ) from None
        except OSError as error:
            raise StorageError.from_os(error, "taking the lock of the state folder") from error
        self._lock = lock
        self._note_holder()

    def release(self) -> None:
        """Release the lock; does nothing when it is not held."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._holder_file.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _note_holder(self) -> None:
        holder = {"pid": os.getpid(), "doing": self._doing, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        # Only information for others: on a full disk the lock works without it.
        with contextlib.suppress(OSError):
            write_atomically(self._holder_file, json.dumps(holder).encode(), private=True, durable=False)

    def described_holder(self) -> str:
        """Return which process holds the lock, in words: "another process" where it could not note its id."""
        try:
            holder = json.loads(self._holder_file.read_text("utf-8"))
            return f"process {holder['pid']} ({holder['doing']}, since {holder['since']})"
        except (OSError, ValueError, KeyError):
            return "another process"


def holder(folder: StateFolder) -> str | None:
    """Return which process works on this state folder now, in words; None if no process does."""
    if not (folder.root / "lock").exists():
        return None
    lock = InstanceLock(folder, "stembridge doctor")
    try:
        lock.acquire()
    except InstanceRunning:
        return lock.described_holder()
    lock.release()
    return None
