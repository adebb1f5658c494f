"""The staging folder of a delivery: hidden, on the output folder's disk, so that it can be renamed into place."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from bridge.delivery.disk import storage_errors
from bridge.files.held import retry_while_held

STAGING_NAME: Final = ".stembridge"


def staging_folder(output: Path, job: str) -> Path:
    """Return the folder in which a job's stems are written before they are delivered. It is not made here."""
    return output / STAGING_NAME / job


def discard_staging(output: Path, job: str) -> None:
    """Remove a job's staging folder with all that is in it; does nothing where there is none.

    Raises `StorageError`.
    """
    with storage_errors("Removing the staging folder"):
        remove_staging(staging_folder(output, job))


def sweep(output: Path, alive: AbstractSet[str]) -> None:
    """Remove the staging folders of all jobs but those `alive`, which still need theirs. Raises `StorageError`."""
    root = output / STAGING_NAME
    with storage_errors("Removing old staging folders"):
        if not root.is_dir():
            return
        for folder in sorted(root.iterdir()):
            if folder.name not in alive:
                remove_staging(folder)
        _remove_if_empty(root)


def remove_staging(staging: Path) -> None:
    """Remove one staging folder, and the folder around it once that is empty. Raises `OSError`."""
    with contextlib.suppress(FileNotFoundError):
        retry_while_held(lambda: shutil.rmtree(staging))
    if staging.parent.name == STAGING_NAME:
        _remove_if_empty(staging.parent)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
