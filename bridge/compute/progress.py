"""Progress across processes, through a small file: a callback does not cross to another process or machine."""

from __future__ import annotations

import time
from pathlib import Path

from bridge.files.atomic import write_atomically

REPORT_EVERY_S = 0.1


class FileProgress:
    """A `Progress` that keeps the latest fraction in a file for the daemon to read."""

    def __init__(self, path: Path) -> None:
        """`path` is replaced at each report."""
        self._path = path
        self._next = 0.0

    def __call__(self, fraction: float) -> None:
        """Note the fraction, unless one was noted a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REPORT_EVERY_S
            # Replaced, not rewritten, so that a reader never meets half a number.
            try:
                write_atomically(self._path, f"{fraction:.4f}".encode(), durable=False)
            except OSError:
                return  # a picture of the moment: not worth failing the work it describes


def read_progress(path: Path) -> float:
    """Return the fraction last reported into `path`, 0.0 before the first report."""
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):
        return 0.0
