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

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_PATIENCE_S = 0.5
"""Longer than another command needs to look who holds the lock."""


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The daemon's own folder. Nothing in it is the musician's; all of it but the database can be made again."""

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
        """Kept stems, one folder a key, so that the same audio is not separated twice."""
        return self.root / "stems"

    @property
    def logs(self) -> Path:
        """The rotating log files."""
        return self.root / "logs"

    @property
    def status(self) -> Path:
        """What the bridge does, for scripts: see docs/importers.md."""
        return self.root / "status.json"

    def work(self, job_id: str) -> Path:
        """Name the folder a job may fill as it likes; emptied when the job ends."""
        return self.root / "work" / job_id

    def make(self) -> None:
        """Make the folders that are not there. Raises `StorageError`."""
        try:
            for folder in (self.root, self.spool, self.stems, self.root / "work", self.logs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError.from_os(error, f"making the state folder {self.root}") from error


class InstanceLock:
    """Held by the one process that works on a state folder. The system lets go of it however that process dies."""

    def __init__(self, folder: StateFolder, doing: str) -> None:
        """Prepare to lock `folder`; `doing` tells others what for ("stembridge up")."""
        self._lock_file = folder.root / "lock"
        self._holder_file = folder.root / "lock.json"
        self._doing = doing
        self._lock: FileLock | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `InstanceRunning` with the name of the process that holds it."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock_file)
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
        self._leave_word()

    def release(self) -> None:
        """Let go of the lock; harmless when it is not held."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._holder_file.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _leave_word(self) -> None:
        word = {"pid": os.getpid(), "doing": self._doing, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        # On a full disk the lock holds all the same, and the work goes on once there is room.
        with contextlib.suppress(OSError):
            self._holder_file.write_text(json.dumps(word), "utf-8")

    def described_holder(self) -> str:
        """Say which process holds the lock, as far as it has left word."""
        try:
            holder = json.loads(self._holder_file.read_text("utf-8"))
            return f"process {holder['pid']} ({holder['doing']}, since {holder['since']})"
        except (OSError, ValueError, KeyError):
            return "another process"


def holder(folder: StateFolder) -> str | None:
    """Return who works on this state folder now, in words; None if nobody does."""
    if not (folder.root / "lock").exists():
        return None
    lock = InstanceLock(folder, "stembridge doctor")
    try:
        lock.acquire()
    except InstanceRunning:
        return lock.described_holder()
    lock.release()
    return None
