"""Folders that a step fills anew each time it runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from bridge.errors import StorageError
from bridge.files.private import OWNER_ONLY_FOLDER


def make_empty(folder: Path, *, private: bool = False) -> None:
    """Make an empty folder, in place of one that is there with everything in it. Raises `StorageError`."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(OWNER_ONLY_FOLDER if private else 0o777, parents=True)
    except OSError as error:
        raise StorageError.from_os(error, f"making the folder {folder}") from error
