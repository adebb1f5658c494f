"""Flush files and folders to the disk, on every file system that the program may meet."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What a file system answers that cannot fsync a folder: CIFS and some FUSE file systems."""


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk. Raises `OSError`."""
    # Windows flushes only what was opened for writing.
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Flush a folder's names to the disk, so that a rename in it survives a power cut. Raises `OSError`.

    Does nothing on Windows, which journals renames, and where the file system cannot do it: the rename itself worked,
    and failing the whole step would help nobody.
    """
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
