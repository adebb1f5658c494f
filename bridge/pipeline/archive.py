"""Moves a delivered bounce out of the inbox, where the musician has asked for that."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from bridge.errors import StorageError
from bridge.jobs.arrival import Signature
from bridge.jobs.job import Job


def archive_source(job: Job, archive: Path, now: float) -> Path | None:
    """Move the job's bounce to `archive/<date>/` and return its new path.

    Returns None, and touches nothing, where the file is gone or is no longer the one that was separated: a newer
    bounce may have been saved under the name. Never overwrites. Raises `StorageError`.
    """
    try:
        if Signature.of(job.source.stat()) != job.signature:
            return None
    except OSError:
        return None
    try:
        folder = archive / time.strftime("%Y-%m-%d", time.localtime(now))
        folder.mkdir(parents=True, exist_ok=True)
        target = _free_name(folder, job.source)
        job.source.rename(target)
    except OSError as error:
        raise StorageError.from_os(error, "moving the bounce to its archive") from error
    return target


def _free_name(folder: Path, source: Path) -> Path:
    target = folder / source.name
    for number in itertools.count(2):
        if not target.exists():
            break
        target = folder / f"{source.stem} {number}{source.suffix}"
    return target
