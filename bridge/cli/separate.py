"""`stembridge separate FILE...`: through the running bridge if there is one, else by a worker of its own."""

from __future__ import annotations

import argparse
import contextlib
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bridge.cli.common import job_document, settings_of
from bridge.cli.display import JobDisplay, shown
from bridge.cli.main import INTERRUPTED
from bridge.cli.output import complain, print_json
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

log = logging.getLogger(__name__)

LOOK_S = 0.1
CANCEL_S = 5.0
"""How long Ctrl-C waits until a running job has stopped."""
TAKE_OVER_S = 1.0
"""How often it looks whether the process that works on the state folder has ended."""

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
        turn = _Turn(settings, possible, state, store, stack)
        turn.take()
        ids, refused = _accept(options.files, spec, store, state, places(settings))
        interrupted = _follow(store, ids, turn, quiet=options.json)
        code = _report([store.get(job_id) for job_id in ids], refused, as_json=options.json)
    return INTERRUPTED if interrupted else code


def _warn(options: argparse.Namespace, settings: Settings, possible: Capabilities) -> None:
    preset = settings.presets.get(options.preset)
    engine = options.engine or (preset and preset.engine) or settings.separation.engine
    if warning := missing_key_warning(settings, possible, {engine}):
        complain(f"stembridge: {warning}")


class _Turn:
    """The right of this process to work on the state folder, and its workers. Others may hold it for a while."""

    def __init__(
        self, settings: Settings, possible: Capabilities, state: StateFolder, store: JobStore, stack: ExitStack
    ) -> None:
        """What it starts is stopped by `stack`."""
        self._settings, self._possible, self._state, self._store = settings, possible, state, store
        self._stack = stack
        self._lock = InstanceLock(state, "stembridge separate")
        self.holder = ""
        """Who has the lock instead of us, in words; "" while we have it."""
        self._look_at = 0.0

    def take(self) -> bool:
        """Take the lock if it is free; say whether that was done just now."""
        try:
            self._lock.acquire()
        except InstanceRunning:
            self.holder = self._lock.described_holder()
            return False
        self.holder = ""
        self._stack.callback(self._lock.release)
        kept = kept_stems(self._settings, self._state)
        tidy(self._store, self._state, kept, [self._settings.output.folder], time.time())
        return True

    def take_over(self, ids: frozenset[str]) -> None:
        """Do the work here as soon as the process that held the lock has ended, however it ended."""
        if self.holder and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + TAKE_OVER_S
            if self.take():
                log.info("the process that worked on %s has ended: going on here", self._state.root)
                self.work(ids)

    def work(self, ids: frozenset[str]) -> None:
        """Start workers for these jobs and no others."""
        worker = _worker(self._settings, self._possible, self._state, self._store, ids)
        self._stack.enter_context(worker)


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


def _follow(store: JobStore, ids: list[str], turn: _Turn, *, quiet: bool) -> bool:
    """Wait until every job has ended, showing how far they are; Ctrl-C cancels them. Say whether it came."""
    with JobDisplay(quiet=quiet, retries=bool(turn.holder)) as display, shown(display):
        try:
            if turn.holder:
                display.say(f"Waiting for {turn.holder}, which works on this state folder.")
            else:
                turn.work(frozenset(ids))
            while True:
                jobs = [store.get(job_id) for job_id in ids]
                for job in jobs:
                    display.show(job)
                if all(job.state in FINAL for job in jobs):
                    return False
                turn.take_over(frozenset(ids))
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            for job_id in ids:
                display.show(_cancelled(store, job_id))
            return True


def _cancelled(store: JobStore, job_id: str) -> Job:
    with contextlib.suppress(NotPossible):  # it has ended
        store.cancel(job_id)
    deadline = time.monotonic() + CANCEL_S
    while (job := store.get(job_id)).state not in FINAL and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    return job


def _report(jobs: list[Job], refused: list[Refusal], *, as_json: bool) -> int:
    if as_json:
        errors = [
            {"file": str(file), "code": error.code, "message": error.message, "advice": error.advice}
            for file, error in refused
        ]
        print_json({"jobs": [job_document(job) for job in jobs], "refused": errors})
    for file, error in refused:
        complain(f"stembridge: {file}: {error} {error.advice}".rstrip())
    all_done = all(job.state is State.DELIVERED for job in jobs) and not refused
    return 0 if all_done else 1
