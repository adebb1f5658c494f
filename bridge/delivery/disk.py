"""File operations of a delivery. Each is durable, and gives the same result when repeated after a kill.

A name appears only with its complete content: a file is written beside its place, fsynced and renamed.
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
"""Errors of file systems without hard links (FAT, exFAT, FUSE, SMB) or across volumes."""


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Translate every `OSError` raised while `doing` ("Delivering the stems") into a `StorageError`."""
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
    """Make one folder, unless it is there. Its parent must exist: on a disk that is gone nothing is made."""
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


def link_or_move(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`; where there are no hard links, move it there.

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


def link_over(source: Path, target: Path) -> None:
    """Like `link_or_move`, but replacing what `target` was before, in one step."""
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


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or a copy where there are no hard links; `source` stays."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        copy(source, target)


def same_content(one: Path, other: Path) -> bool:
    """Return whether both files exist and have the same bytes."""
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
