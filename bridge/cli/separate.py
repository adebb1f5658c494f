"""`stembridge separate FILE...`: through the running bridge if there is one, else by a worker of its own."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bridge.cli.common import job_document, print_json, settings_of
from bridge.cli.display import JobDisplay, shown
from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.compose import job_for, kept_stems, make_output, open_store, places, state_folder
from bridge.daemon.log import LogChanges, log_to_file, secrets
from bridge.daemon.places import Places
from bridge.daemon.specs import missing_key_warning, special_spec
from bridge.daemon.workers import Workers
from bridge.errors import InstanceRunning, NotPossible, StembridgeError
from bridge.jobs.folder import InstanceLock, StateFolder
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, State
from bridge.jobs.store import JobStore
from bridge.pipeline.housekeeping import tidy
from bridge.separation.capabilities import Capabilities

LOOK_S = 0.1

Refusal = tuple[Path, StembridgeError]


def separate(options: argparse.Namespace) -> int:
    """Separate each file and wait for its stems; the exit code is 1 where any of them failed."""
    settings = settings_of(options)
    possible = capabilities(settings)
    spec = special_spec(
        settings,
        possible,
        preset=options.preset,
        model_id=options.model,
        engine=options.engine,
        output=options.output,
        force=options.force,
    )
    _warn(options, settings, possible)
    state = state_folder(settings)
    make_output(spec.output)
    with ExitStack() as stack:
        store = open_store(state)
        stack.callback(store.close)
        alone = stack.enter_context(_alone(settings, state, store))
        ids, refused = _accept(options.files, spec, store, state, places(settings))
        with _worker(settings, possible, state, store, frozenset(ids)) if alone else ExitStack():
            jobs = _follow(store, ids, quiet=options.json)
    return _tell(jobs, refused, as_json=options.json)


def _warn(options: argparse.Namespace, settings: Settings, possible: Capabilities) -> None:
    preset = settings.presets.get(options.preset)
    engine = options.engine or (preset and preset.engine) or settings.separation.engine
    if warning := missing_key_warning(settings, possible, {engine}):
        print(f"stembridge: {warning}", file=sys.stderr)


@contextmanager
def _alone(settings: Settings, state: StateFolder, store: JobStore) -> Iterator[bool]:
    """Hold the instance lock, tidied up, or find that a running bridge does."""
    lock = InstanceLock(state, "stembridge separate")
    try:
        lock.acquire()
    except InstanceRunning:
        yield False
        return
    try:
        tidy(store, state, kept_stems(settings, state), [settings.output.folder], time.time())
        yield True
    finally:
        lock.release()


def _accept(
    files: list[Path], spec: JobSpec, store: JobStore, state: StateFolder, places: Places
) -> tuple[list[str], list[Refusal]]:
    ids: list[str] = []
    refused: list[Refusal] = []
    for file in files:
        try:
            ids.append(job_for(places.of_command(file), spec, "cli", store, state.spool).id)
        except StembridgeError as error:
            refused.append((file, error))
    return ids, refused


@contextmanager
def _worker(
    settings: Settings, possible: Capabilities, state: StateFolder, store: JobStore, ids: frozenset[str]
) -> Iterator[None]:
    handler = log_to_file(state.logs, secrets(settings, possible))
    store.subscribe(LogChanges())
    workers = Workers(settings, possible, state, store, only=ids)
    try:
        workers.start()
        yield
    finally:
        workers.stop()
        handler.close()


def _follow(store: JobStore, ids: list[str], *, quiet: bool) -> list[Job]:
    """Wait until every job has ended, showing how far they are; Ctrl-C cancels them."""
    with JobDisplay(quiet=quiet) as display, shown(display):
        try:
            while True:
                jobs = [store.get(job_id) for job_id in ids]
                for job in jobs:
                    display.show(job)
                if all(job.state in FINAL for job in jobs):
                    return jobs
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            for job_id in ids:
                _cancel(store, job_id)
            raise


def _cancel(store: JobStore, job_id: str) -> None:
    try:
        store.cancel(job_id)
    except NotPossible:
        return  # it has ended
    deadline = time.monotonic() + 5.0
    while store.get(job_id).state is not State.CANCELLED and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def _tell(jobs: list[Job], refused: list[Refusal], *, as_json: bool) -> int:
    if as_json:
        errors = [
            {"file": str(file), "code": error.code, "message": error.message, "advice": error.advice}
            for file, error in refused
        ]
        print_json({"jobs": [job_document(job) for job in jobs], "refused": errors})
    for file, error in refused:
        print(f"stembridge: {file}: {error} {error.advice}".rstrip(), file=sys.stderr)
    all_done = all(job.state is State.DELIVERED for job in jobs) and not refused
    return 0 if all_done else 1
