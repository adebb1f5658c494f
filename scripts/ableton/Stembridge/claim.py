"""The lock of the claim protocol: two importers never take one delivery at the same moment (docs/importers.md).

This file needs nothing but Python 3.7 and its standard library, so that an importer inside a DAW can carry a copy of
it, beside importing.py, which reads a delivery. Whether a delivery is in a project is said by the stamp in that
project; the lock only keeps two importers from looking at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

LOCK = ".importing"
_TAKEOVER = f"{LOCK}-takeover"
STALE_S = 120.0
"""A lock older than this belongs to an importer that crashed."""

_NO_LOCK = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""A folder that can only be read, or a full disk: the stems can still be imported."""

_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOENT)
"""How a rename onto a lock fails: it is there (POSIX, Windows), or ours was swept away as an old one."""


class Claim:
    """The right to import one delivery now. Give it back with `release`, or use it as a context manager."""

    def __init__(self, folder: Path, by: str, clock: Callable[[], float], locked: bool = True) -> None:
        self.folder = folder
        self.locked = locked
        """False on a folder that can only be read: then the stamp alone counts."""
        self._by = by
        self._clock = clock

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def held(self) -> bool:
        """Say whether the claim is still ours: after `STALE_S` without `refresh` another importer may have it."""
        return not self.locked or _by(self.folder / LOCK) == self._by

    def refresh(self) -> None:
        """Say that the import is still going on; an import of many minutes calls it between two stems."""
        if not self.locked or not self.held():
            return
        lines = self._by.split("\n")
        fresh = "\n".join([*lines[:2], _seconds(self._clock), *lines[3:]])
        part = self.folder / LOCK / "by.new"
        # Where Windows says that somebody is just reading it, the next call comes soon enough.
        with contextlib.suppress(OSError):
            part.write_bytes(fresh.encode("utf-8", "surrogateescape"))
            part.replace(part.with_name("by"))
            self._by = fresh

    def release(self) -> None:
        """Take the lock away; nothing of the claim stays in the delivery's folder."""
        if self.locked and self.held():
            _remove(self.folder / LOCK)
            _sweep(self.folder, self._clock)
        self.locked = False


def claim(
    folder: str | os.PathLike[str], importer: str, project: str, clock: Callable[[], float] = time.time
) -> Claim | None:
    """Take the lock of the delivery in `folder`; None while another importer has it.

    After None: look whether the project is stamped by now, and only then ask again (it never waits here: the loop
    belongs to the caller). After a claim: look at the stamp once more, then import and stamp, then `release`.
    `importer` and `project` say who it is, for a person who finds the lock. On a folder that can only be read the
    claim has no lock. Raises `OSError`, as where the folder is gone.
    """
    place = Path(folder)
    if _age_s(place / LOCK, clock) > STALE_S:
        _take_over(place, importer, project, clock)
    elif os.path.lexists(str(place / LOCK)):
        return None
    try:
        return _take(place, importer, project, clock)
    except OSError as error:
        if error.errno in _NO_LOCK:
            return Claim(place, "", clock, locked=False)
        raise


def _take(folder: Path, importer: str, project: str, clock: Callable[[], float]) -> Claim | None:
    by = _put(folder, LOCK, importer, project, clock)
    return None if by is None else Claim(folder, by, clock)


def _put(folder: Path, name: str, importer: str, project: str, clock: Callable[[], float]) -> str | None:
    """Put a folder of ours in the place of a lock; return what is in its `by`, None where somebody else has it."""
    nonce = os.urandom(8).hex()
    by = "\n".join([_line(importer), _line(project), _seconds(clock), nonce, ""])
    mine = folder / f"{LOCK}-{nonce}"
    mine.mkdir()
    try:
        # Only a folder that is not empty keeps another from being renamed onto it.
        (mine / "by").write_bytes(by.encode("utf-8", "surrogateescape"))
    except OSError:
        _delete(mine)
        raise
    try:
        mine.rename(folder / name)
    except OSError as error:
        _delete(mine)
        if error.errno in _TAKEN:
            return None
        raise
    return by


def _take_over(folder: Path, importer: str, project: str, clock: Callable[[], float]) -> None:
    """Clear a crashed importer's lock away; where that can't be, taking the lock will show it."""
    takeover = folder / _TAKEOVER
    try:
        by = _put(folder, _TAKEOVER, importer, project, clock)
    except OSError:
        return
    if by is None:
        _sweep(folder, clock)
        return
    # Judged again where only one can be: else a slow one could clear away the lock that a quick one has just taken.
    if _age_s(folder / LOCK, clock) > STALE_S:
        _remove(folder / LOCK)
    # Who was slow may have lost it to another by now.
    if _by(takeover) == by:
        _remove(takeover)


def _age_s(lock: Path, clock: Callable[[], float]) -> float:
    """Return how old a lock is; one from the future is as old, since a clock was set. 0 where there is none."""
    try:
        taken_at = float(_by(lock).split("\n")[2])
        return abs(clock() - taken_at)
    except (IndexError, ValueError):
        return _untouched_s(lock, clock)


def _untouched_s(path: Path, clock: Callable[[], float]) -> float:
    try:
        return clock() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _by(lock: Path) -> str:
    try:
        return (lock / "by").read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _sweep(folder: Path, clock: Callable[[], float]) -> None:
    """Remove what importers that were killed between two steps have left."""
    for path in folder.glob(LOCK + "-*"):
        if _untouched_s(path, clock) > STALE_S:
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a folder in one step, as others see it: renamed away first, deleted then. Only one can."""
    away = path.with_name(f"{LOCK}-stale-{os.urandom(8).hex()}")
    for pause in (0.01, 0.02, 0.04, 0.08, 0.0):
        try:
            path.rename(away)
        except FileNotFoundError:
            return
        except PermissionError:
            # Windows, while another importer reads the file in it.
            time.sleep(pause)
        else:
            _delete(away)
            return


def _delete(path: Path) -> None:
    shutil.rmtree(str(path), ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink()


def _line(text: str) -> str:
    return " ".join(text.split())


def _seconds(clock: Callable[[], float]) -> str:
    return f"{clock():.3f}"
