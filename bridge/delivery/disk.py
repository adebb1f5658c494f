"""The few things a delivery does to a disk, each durable, and each the same after a kill and a second try.

A name appears only with its whole content behind it: a file is written beside its place, fsynced and renamed.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bridge.errors import StorageError
from bridge.files.atomic import partial_path, rename_into_place, write_atomically
from bridge.files.held import HELD, retry_while_held
from bridge.files.sync import sync_file, sync_folder

PARTIAL_NAME: Final = partial_path(Path("stembridge")).name
"""The incomplete file in a song's folder. One at a time, so the next try overwrites it."""

PARTIAL_NAMES: Final = frozenset({PARTIAL_NAME, ".stembridge.part"})
"""With the name that older versions used."""

_NO_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
)
"""How file systems say that they have no hard links: FAT and exFAT on each system, FUSE, SMB, another volume."""


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Translate every `OSError` met while `doing` (a clause: "Delivering the stems") into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if getattr(error, "winerror", None) in HELD:
            raise StorageError(
                f"{doing}: {error.strerror} ({error.filename})",
                code="storage.locked",
                advice="Close the file in the DAW, or give Stembridge the right to write there.",
            ) from error
        raise StorageError.from_os(error, doing) from error


def make_folder(path: Path) -> None:
    """Make one folder, unless it is there; its parent must be (a disk that is gone is not made up for)."""
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def write(path: Path, content: bytes) -> None:
    """Put a file with this content in place, over whatever was there."""
    write_atomically(path, content, partial=path.with_name(PARTIAL_NAME))


def copy(source: Path, target: Path) -> None:
    """Put a copy of a file in place, over whatever was there."""
    part = target.with_name(PARTIAL_NAME)
    with _cleared_on_error(part):
        part.unlink(missing_ok=True)
        shutil.copyfile(source, part)
        sync_file(part)
        rename_into_place(part, target)


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
    part = target.with_name(PARTIAL_NAME)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _move(source, target)
        return
    with _cleared_on_error(part):
        retry_while_held(lambda: part.replace(target))


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
        retry_while_held(lambda: source.replace(target))
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
