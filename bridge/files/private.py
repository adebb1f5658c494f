"""Folders and files that only their owner may read: music and keys lie in them.

Does nothing on Windows, where access lists keep a user's folders private.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

OWNER_ONLY_FOLDER: Final = 0o700
OWNER_ONLY_FILE: Final = 0o600

_OTHERS = 0o077


def open_private(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=open_private)`: a new one has mode 0600 whatever the umask is."""
    return os.open(path, flags, OWNER_ONLY_FILE)


def private_folder(path: Path) -> None:
    """Make a folder with mode 0700 whatever the umask is. Raises `OSError`.

    One that is there and open to others is closed, with everything in it.
    """
    path.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    if _open_to_others(path):
        close_to_others(path)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                close_to_others(Path(folder, name))


def close_to_others(path: Path) -> None:
    """Take the rights of group and others from a file or folder; no error where it is gone or not ours."""
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if os.name != "nt" and not stat.S_ISLNK(mode) and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def _open_to_others(path: Path) -> bool:
    return os.name != "nt" and bool(path.stat().st_mode & _OTHERS)
