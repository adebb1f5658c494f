"""The few things a delivery does to a disk, each durable, and each the same after a kill and a second try.

A name appears only with its whole content behind it: a file is written beside its place, fsynced and renamed.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from bridge.errors import StorageError

PART_NAME: Final = ".stembridge.part"
"""What is not whole yet, in the folder it belongs to. One at a time, so the next try overwrites it."""

_NO_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
)
"""How file systems say that they have no hard links: FAT and exFAT on each system, FUSE, SMB, another volume."""

_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})

_HELD = frozenset({5, 32, 33})
"""Windows: access denied, sharing violation, lock violation: what a file gives that another program has open."""

_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)

_T = TypeVar("_T")


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Translate every `OSError` met while `doing` (a clause: "Delivering the stems") into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if getattr(error, "winerror", None) in _HELD:
            raise StorageError(
                f"{doing}: {error.strerror} ({error.filename})",
                code="storage.locked",
                advice="Close the file in the DAW, or give Stembridge the right to write there; "
                "the job is tried again by itself.",
            ) from error
        raise StorageError.from_os(error, doing) from error


def patiently(action: Callable[[], _T], sleep: Callable[[float], None] = time.sleep) -> _T:
    """Run `action`, again for up to 1.5 s while Windows says that somebody (a virus scanner, a DAW) holds the file."""
    for pause in _PAUSES_S:
        try:
            return action()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _HELD:
                raise
        sleep(pause)
    return action()


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk."""
    # Windows flushes only what was opened for writing.
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Bring a folder's names to the disk, where the system knows such a thing."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make one folder, unless it is there; its parent must be (a disk that is gone is not made up for)."""
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def write(path: Path, content: bytes) -> None:
    """Put a file with this content in place, over whatever was there."""
    part = path.with_name(PART_NAME)
    with _cleared_on_error(part):
        # After a kill in `swap` this is a second name of a stem: a new file, never the old one written over.
        part.unlink(missing_ok=True)
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: part.replace(path))
    sync_folder(path.parent)


def copy(source: Path, target: Path) -> None:
    """Put a copy of a file in place, over whatever was there."""
    part = target.with_name(PART_NAME)
    with _cleared_on_error(part):
        part.unlink(missing_ok=True)
        shutil.copyfile(source, part)
        sync_file(part)
        patiently(lambda: part.replace(target))
    sync_folder(target.parent)


def add(source: Path, target: Path) -> None:
    """Let `target` be a second name of `source`; where that can't be, move it there.

    Raises `FileExistsError` where `target` is there, and leaves it alone.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        _move(source, target)


def swap(source: Path, target: Path) -> None:
    """As `add`, in the place of what `target` was before, in one step."""
    part = target.with_name(PART_NAME)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _move(source, target)
        return
    with _cleared_on_error(part):
        patiently(lambda: part.replace(target))


def keep(source: Path, target: Path) -> None:
    """Let `target` be a second name of `source`, or a copy where that can't be; `source` stays."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        copy(source, target)


def same(one: Path, other: Path) -> bool:
    """Say whether two names lead to the same bytes."""
    if not (one.is_file() and other.is_file()):
        return False
    return one.samefile(other) or filecmp.cmp(one, other, shallow=False)


def _move(source: Path, target: Path) -> None:
    try:
        patiently(lambda: source.replace(target))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, target)
        source.unlink()


@contextlib.contextmanager
def _cleared_on_error(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
