"""The log: a rotating file in the state folder, and never a secret in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bridge.config.settings import Settings
from bridge.daemon.key import api_key
from bridge.jobs.job import Job

CHANGES = "stembridge.jobs"
"""The logger that gets a line for each change of a job's state."""

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MAX_BYTES = 2_000_000
_FILES = 5


class _Redacting(logging.Formatter):
    """Masks secrets in the finished text, tracebacks included, wherever they came from."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(_FORMAT)
        self._secrets = [secret for secret in secrets if len(secret) >= 4]

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class _LogFile(RotatingFileHandler):
    """A log file whose own troubles stay its own: the musician's terminal is no place for their tracebacks."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """Lose the line. On a disk that is full or gone, those who work there say so in words."""


def secrets(settings: Settings) -> list[str]:
    """Return everything in the settings that must never be in a log."""
    return [settings.api.key.get_secret_value(), settings.publish.secret.get_secret_value(), api_key(settings)]


def log_to_file(folder: Path, secrets: Iterable[str]) -> logging.Handler:
    """Add the log file in `folder` to the root logger and return its handler, for the caller to close."""
    handler = _LogFile(
        folder / "stembridge.log",
        maxBytes=_MAX_BYTES,
        backupCount=_FILES,
        encoding="utf-8",
        delay=True,
        errors="backslashreplace",  # a file's name may be no valid text
    )
    handler.setFormatter(_Redacting(secrets))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler


class LogChanges:
    """A listener of the job store that writes each change of a state, and nothing else, into the log."""

    def __init__(self) -> None:
        self._log = logging.getLogger(CHANGES)
        self._last: dict[str, str] = {}

    def __call__(self, job: Job) -> None:
        """Log the job if its state is not the one last logged."""
        if self._last.get(job.id) == job.state:
            return
        self._last[job.id] = job.state
        if job.failure:
            self._log.warning("%s (job %s) failed: %s %s", job.song, job.id, job.failure.message, job.failure.advice)
        else:
            self._log.info("%s (job %s): %s%s", job.song, job.id, job.state, f" to {job.folder}" if job.folder else "")
