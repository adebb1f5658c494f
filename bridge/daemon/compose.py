"""How the rooms are put together: by the daemon for good, by the command line for one command."""

from __future__ import annotations

from pathlib import Path

from bridge.config.settings import Settings
from bridge.errors import StorageError
from bridge.jobs.arrival import Arrival
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import stems_key
from bridge.jobs.store import JobStore
from bridge.pipeline.compute import LocalExecutor
from bridge.pipeline.kept import KeptStems
from bridge.pipeline.steps import Pipeline
from bridge.pipeline.worker import Worker
from bridge.separation.registry import revision

SOURCE_FOLDER = "Source"
"""Where delivered bounces are moved to inside the inbox, if so configured."""


def state_folder(settings: Settings) -> StateFolder:
    """Return the state folder, made if it was not there. Raises `StorageError`."""
    state = StateFolder(settings.state.folder)
    state.make()
    return state


def make_output(folder: Path) -> None:
    """Make the folder for the songs' folders if it was not there. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError.from_os(error, f"making the folder for the stems, {folder}") from error


def open_store(state: StateFolder) -> JobStore:
    """Open the job store of a state folder. Raises `StorageError` or `StoreError`."""
    return JobStore(state.database, key_of=_key_of)


def kept_stems(settings: Settings, state: StateFolder) -> KeptStems:
    """Return the kept stems of a state folder."""
    return KeptStems(state.stems, int(settings.state.keep_gb * 1e9))


def build_worker(
    settings: Settings, state: StateFolder, store: JobStore, *, only: frozenset[str] | None = None
) -> tuple[Worker, LocalExecutor]:
    """Return a worker, not yet started, and the executor to close after it has stopped."""
    executor = LocalExecutor()
    archive: Path | None = None if settings.inbox.keep_source else settings.inbox.folder / SOURCE_FOLDER
    pipeline = Pipeline(store, state, kept_stems(settings, state), executor, source_archive=archive)
    return Worker(store, pipeline, only=only), executor


def _key_of(arrival: Arrival) -> str:
    order = arrival.order
    return stems_key(arrival.sha256, order.model, order.engine, revision(order.engine))
