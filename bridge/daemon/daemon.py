"""The daemon: starts all parts in order and stops them in reverse order."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from pathlib import Path

from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.choices import Choices
from bridge.daemon.compose import inbox_options, kept_stems, make_output, open_store, places, state_folder
from bridge.daemon.log import LogChanges, log_to_file, secrets
from bridge.daemon.osc import OscDoor
from bridge.daemon.preset_folders import prepare_preset_folders
from bridge.daemon.requests import Requests
from bridge.daemon.specs import default_spec, preset_specs
from bridge.daemon.status import Facts, StatusFile
from bridge.daemon.workers import Workers
from bridge.errors import StembridgeError
from bridge.inbox.inbox import Inbox
from bridge.jobs.folder import InstanceLock
from bridge.jobs.store import JobStore, Listener
from bridge.pipeline.housekeeping import tidy
from bridge.separation.capabilities import Capabilities

log = logging.getLogger(__name__)


class Daemon:
    """A running bridge, as a context manager: `__enter__` starts all parts, `__exit__` stops them in reverse order."""

    def __init__(
        self, settings: Settings, possible: Capabilities | None = None, *, listener: Listener | None = None
    ) -> None:
        """`listener` is called for every change of a job, on the thread that made it.

        Without `possible` it is worked out here, which may ask a keyring.
        """
        self._settings = settings
        self._possible = possible or capabilities(settings)
        self._listener = listener
        self._stack = ExitStack()
        self._osc: OscDoor | None = None

    @property
    def osc(self) -> OscDoor:
        """Its OSC part. Only while it runs."""
        if self._osc is None:
            raise RuntimeError("the daemon has not been started")
        return self._osc

    def __enter__(self) -> Daemon:
        """Start all parts. If it raises (`InstanceRunning`, `StorageError`, ...), nothing is left running."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all parts; a job under way keeps its state and is resumed at the next start."""
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        settings, possible = self._settings, self._possible
        default, presets = default_spec(settings, possible), preset_specs(settings, possible)  # errors in them first
        state = state_folder(settings)
        make_output(settings.output.folder)
        lock = InstanceLock(state, "stembridge up")
        lock.acquire()
        stack.callback(lock.release)
        handler = log_to_file(state.logs, secrets(settings, possible))
        stack.callback(handler.close)
        stack.callback(logging.getLogger().removeHandler, handler)

        store = open_store(state)
        stack.callback(store.close)
        tidy(store, state, kept_stems(settings, state), [settings.output.folder], time.time())
        self._report(store)

        store.requeue_parked()
        workers = Workers(settings, possible, state, store)
        choices = Choices(settings, possible, default, presets)
        options = inbox_options(settings, default, presets, choices)
        requests = Requests(store, state.spool, workers, places(settings), choices, options.selected)
        self._osc = stack.enter_context(OscDoor(settings, requests))
        store.subscribe(self._osc.on_job_changed)  # before the workers start, so that it misses no change
        facts = Facts(settings.inbox.folder, settings.output.folder, tuple(settings.presets))
        status = StatusFile(state.status, facts, requests, self._osc)
        store.subscribe(status.on_job_changed)
        stack.enter_context(status)
        stack.callback(workers.stop)
        workers.start()
        inbox = Inbox(
            options,
            store,
            state.spool,
            on_accepted=_note_accepted,
            on_problem=_note_problem,
            on_request=requests.from_job_file,
        )
        inbox.start()
        stack.callback(inbox.stop)
        prepare_preset_folders(settings.inbox.folder, presets)

    def _report(self, store: JobStore) -> None:
        store.subscribe(LogChanges())
        if self._listener is not None:
            store.subscribe(self._listener)
        waiting = {state: count for state, count in store.counts().items() if state not in {"delivered", "cancelled"}}
        if waiting:
            log.info(
                "jobs from before this start: %s", ", ".join(f"{count} {state}" for state, count in waiting.items())
            )


def _note_accepted(job_id: str) -> None:
    log.debug("the inbox handed over job %s", job_id)  # the store has already woken the workers


def _note_problem(path: Path, error: StembridgeError) -> None:
    if str(path) in error.message:
        log.warning("%s %s", error, error.advice)
    else:
        log.warning("%s: %s %s", path, error, error.advice)
