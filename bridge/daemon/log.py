"""The log: a rotating file in the state folder, with --verbose also on stderr, and never a secret in it."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from bridge.config.settings import Settings
from bridge.daemon.redact import LogFormatter, only_ours
from bridge.files.private import close_to_others, open_private
from bridge.jobs.job import Job
from bridge.separation.capabilities import Capabilities

CHANGES = "stembridge.jobs"
"""The logger that gets a line for each change of a job's state."""

_MAX_BYTES = 2_000_000
_FILES = 5


class _LogFile(RotatingFileHandler):
    """A log file that never prints its own write errors to the terminal."""

    def _open(self) -> TextIOWrapper:
        close_to_others(Path(self.baseFilename))
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=open_private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """Drop the line. A full or missing disk is reported by the code that writes there."""


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever `sys.stderr` is at that moment: a progress display replaces it while it runs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


def secrets(settings: Settings, possible: Capabilities) -> list[str]:
    """Return everything that must never be in a log."""
    return [settings.publish.secret.get_secret_value(), possible.key]


def log_verbosely(*, to_stderr: bool) -> None:
    """Log decisions from now on: debug lines go to the log file, and to stderr if asked for."""
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    if to_stderr and not is_verbose():
        handler = _Stderr()
        handler.setFormatter(LogFormatter())
        handler.addFilter(only_ours)
        root.addHandler(handler)


def is_verbose() -> bool:
    """Say whether everything logged is on stderr already."""
    return any(isinstance(handler, _Stderr) for handler in logging.getLogger().handlers)


def log_to_file(folder: Path, secrets: Iterable[str]) -> logging.Handler:
    """Add the log file in `folder` to the root logger and return its handler, for the caller to close."""
    handler = _LogFile(
        folder / "stembridge.log",
        maxBytes=_MAX_BYTES,
        backupCount=_FILES,
        encoding="utf-8",
        delay=True,
        errors="backslashreplace",  # a file name may hold bytes that are no valid text
    )
    handler.setFormatter(LogFormatter(secrets))
    handler.addFilter(only_ours)
    root = logging.getLogger()
    root.addHandler(handler)
    if not root.isEnabledFor(logging.INFO):  # --verbose has set a lower level
        root.setLevel(logging.INFO)
    return handler


class LogChanges:
    """A listener of the job store that logs each change of a job's state, and how long the state before lasted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = logging.getLogger(CHANGES)
        self._clock = clock
        self._last: dict[str, tuple[str, float]] = {}

    def __call__(self, job: Job) -> None:
        """Log the job if its state is not the one last logged."""
        before, since = self._last.get(job.id, ("", 0.0))
        if before == job.state:
            return
        now = self._clock()
        self._last[job.id] = job.state, now
        if before:
            self._log.debug("job %s: %s -> %s after %.2f s", job.id, before, job.state, now - since)
        if job.failure:
            what = str(job.state).replace("_", " ")
            failure = job.failure
            self._log.warning("%s (job %s) %s: %s %s", job.song, job.id, what, failure.message, failure.advice)
            if failure.retry_at:
                self._log.info("job %s: next try at %s", job.id, time.ctime(failure.retry_at))
        else:
            self._log.info("%s (job %s): %s%s", job.song, job.id, job.state, f" to {job.folder}" if job.folder else "")
