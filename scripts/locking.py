"""One set-up at a time: a lock on a file, given back by the system however the process ends. Standard library only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scripts.process import say

_LOOK_AGAIN_S = 0.2


@contextmanager
def held(file: Path) -> Iterator[int]:
    """Wait for the lock and hold it; gives its file descriptor."""
    with file.open("a+b") as opened:
        if not _try(opened):
            say("Another set-up is at work in this folder. Waiting for it to end.")
            while not _try(opened):
                time.sleep(_LOOK_AGAIN_S)
        yield opened.fileno()


def inheritable(descriptor: int) -> tuple[int, ...]:
    """Return what a child must inherit to hold the lock as well, should we be killed while it works.

    Nothing on Windows, whose locks belong to one process.
    """
    return () if sys.platform == "win32" else (descriptor,)


if sys.platform == "win32":
    import msvcrt

    def _try(opened: IO[bytes]) -> bool:
        opened.seek(0)
        try:
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(opened: IO[bytes]) -> bool:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
