"""Builds the parts that the daemon and single commands of the command line both need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge.config.settings import Settings
from bridge.daemon.choices import Choices
from bridge.daemon.places import Places
from bridge.errors import StorageError, StoreError
from bridge.inbox.filters import Filters
from bridge.inbox.ingest import Named, ingest_now
from bridge.inbox.options import InboxOptions
from bridge.jobs.arrival import Arrival
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job, stems_key
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore
from bridge.pipeline.kept import KeptStems
from bridge.separation.catalogue import model
from bridge.separation.registry import engine


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


def inbox_options(
    settings: Settings, default: JobSpec, presets: Mapping[str, JobSpec], choices: Choices
) -> InboxOptions:
    """Return the options of the inbox."""
    return InboxOptions(
        folder=settings.inbox.folder,
        settle_s=settings.inbox.settle_s,
        scan_s=settings.inbox.scan_s,
        polling=settings.inbox.polling,
        ignore=settings.inbox.ignore,
        existing=settings.inbox.existing,
        allowed=settings.osc.folders,
        output=settings.output.folder,
        state=settings.state.folder,
        specs=presets,
        usual=choices.usual,
        default=default,
    )


def places(settings: Settings) -> Places:
    """Return where a bounce named from outside may lie. Raises `ConfigError` where our own folder is the inbox."""
    ours = (settings.state.folder, settings.output.folder)
    filters = Filters(settings.inbox.folder, ours, settings.inbox.ignore)
    return Places(settings.inbox.folder, settings.osc.folders, filters)


def job_for(bounce: Named, spec: JobSpec, door: str, store: JobStore, spool: Path) -> Job:
    """Return the job of a bounce that was asked for: a new one, or the one it has. Raises what `ingest_now` does."""
    taken = ingest_now(bounce, spec, door, store, spool)
    job = store.get(taken.job) if taken.job else store.latest_of(bounce.path.absolute(), taken.sha256)
    if job is None:
        raise StoreError(f"The job of {bounce.path} is gone from the job store.", advice="Ask for it again.")
    return job


def key_of(sha256: str, spec: JobSpec) -> str:
    """Return the key of the stems that this spec asks for, of the audio with this SHA-256."""
    return stems_key(sha256, engine(spec.engine).made_by(model(spec.model)))


def _key_of(arrival: Arrival) -> str:
    return key_of(arrival.sha256, arrival.spec)
