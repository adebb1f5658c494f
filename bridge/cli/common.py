"""What several commands share: opening the store, and jobs as JSON."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bridge.config.load import KEY_VARIABLE, load
from bridge.config.settings import Settings
from bridge.daemon.capabilities import available
from bridge.daemon.compose import open_store, state_folder
from bridge.daemon.log import LogChanges
from bridge.daemon.redact import hide
from bridge.delivery.receipt import RECEIPT_NAME, Receipt, read
from bridge.errors import StembridgeError
from bridge.jobs.document import document_of
from bridge.jobs.job import Job
from bridge.jobs.store import JobStore


def settings_of(options: argparse.Namespace) -> Settings:
    """Load the configuration that a command line asks for. Raises `ConfigError`."""
    given = getattr(options, "api_key", None)
    settings = load(options.config, {**os.environ, KEY_VARIABLE: given} if given else os.environ, available())
    hide(settings.api.key.get_secret_value(), settings.publish.secret.get_secret_value())
    return settings


@contextmanager
def opened_store(options: argparse.Namespace) -> Iterator[JobStore]:
    """Open the job store for one command. Several processes may have it open."""
    store = open_store(state_folder(settings_of(options)))
    store.subscribe(LogChanges())
    try:
        yield store
    finally:
        store.close()


def local_time(seconds: float) -> str:
    """Write a time as people read it, in their own zone."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def receipt_of(job: Job) -> Receipt | None:
    """Return the receipt of a delivered job; None where there is none, or the folder was taken away since."""
    if job.folder is None:
        return None
    try:
        receipt = read(job.folder / RECEIPT_NAME)
    except (OSError, StembridgeError):
        return None
    return receipt if receipt.job == job.id else None


def job_document(job: Job) -> dict[str, Any]:
    """Return a job as the JSON that `jobs`, `show` and `separate` print."""
    failure, receipt, folder, values = job.failure, receipt_of(job), job.folder, document_of(job)
    stems = receipt.stems if receipt and folder else ()
    retry_at = _iso(failure.retry_at) if failure and failure.retry_at else None
    return {
        **{name: values[name] for name in ("job", "song", "state")},
        "progress": round(values["progress"], 4),
        **{name: values[name] for name in ("step", "source")},
        "door": job.door,
        "model": job.spec.model,
        "engine": job.spec.engine,
        "preset": job.spec.preset,
        "created": _iso(job.created),
        "updated": _iso(job.updated),
        "attempt": job.attempt,
        "billed_minutes": job.minutes,
        "folder": values["folder"],
        "stems": [{"name": stem.name, "path": str(folder / stem.file)} for stem in stems if folder],
        "error": {**values["error"], "retryable": failure.retryable, "retry_at": retry_at} if failure else None,
    }


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
