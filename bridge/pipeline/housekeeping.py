"""Puts the state folder in order at a start: what a crash left behind and nobody needs goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from bridge.delivery.folder import sweep
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.kept import KeptStems

SPOOL_DAYS = 14
"""How long the copy of a failed or cancelled bounce is kept for a retry."""


def tidy(store: JobStore, state: StateFolder, kept: KeptStems, outputs: Iterable[Path], now: float) -> None:
    """Remove orphaned spool copies, work folders and staging folders, and trim the kept stems.

    Call it while holding the instance lock: what another process has begun would look like an orphan.
    """
    copies = list(state.spool.iterdir())  # before the jobs: a command line may just be having one accepted
    jobs = store.in_states(frozenset(State) - {State.DELIVERED})
    unfinished = {job.id for job in jobs if job.state is not State.CANCELLED}
    needed_spool = {job.spool for job in jobs if not _outdated(job, now)}
    for path in copies:
        if path not in needed_spool:
            path.unlink(missing_ok=True)
    for folder in state.work("").iterdir():
        if folder.name not in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
    for output in {*outputs, *(job.spec.output for job in jobs)}:
        sweep(output, unfinished)
    kept.trim(frozenset(job.key for job in jobs))


def _outdated(job: Job, now: float) -> bool:
    ended = job.state in {State.FAILED, State.CANCELLED}
    return ended and now - job.updated > SPOOL_DAYS * 86_400
