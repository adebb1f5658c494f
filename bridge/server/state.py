"""Composition: everything that serves, started in order and stopped in reverse."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field

from bridge.errors import StembridgeError, StorageError
from bridge.files.private import private_folder
from bridge.jobs.folder import InstanceLock, StateFolder
from bridge.separation.catalogue import models
from bridge.server.authentication import Authenticator
from bridge.server.cleaning import Cleaner
from bridge.server.fetching.addresses import Allowed
from bridge.server.fetching.fetch import Fetcher, Limits
from bridge.server.fetching.resolving import Resolve, system_resolve
from bridge.server.group_commit import GroupCommit
from bridge.server.links import Links
from bridge.server.log import note
from bridge.server.options import Engines, ServerOptions
from bridge.server.storage.opening import open_storage
from bridge.server.storage.storage import Storage
from bridge.server.tables.opening import Tables, open_tables
from bridge.server.upload_store import UploadStore
from bridge.server.work import Tools, Work
from bridge.server.workers import Workers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a server takes from the world around it."""

    executor: Executor
    engines: Engines = field(default_factory=Engines)
    resolve: Resolve = system_resolve
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class ServerState:
    """A running server without its web part. A context manager: what `__enter__` has started, `__exit__` stops.

    The executor belongs to whoever made it.
    """

    tables: Tables
    reading: Tables
    """A connection for the event loop alone, which only reads: in WAL mode it never waits for a commit."""
    orders: GroupCommit
    storage: Storage
    uploads: UploadStore
    links: Links
    authenticator: Authenticator
    workers: Workers

    def __init__(self, options: ServerOptions, outside: Outside) -> None:
        self.options = options
        self._outside = outside
        self._stack = ExitStack()

    def __enter__(self) -> ServerState:
        """Start. If it raises (`InstanceRunning`, `StorageError`, `UsageError`), nothing is left running."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything; tasks under way wait for the next start."""
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        options, outside = self.options, self._outside
        root = options.storage
        make_private(options)
        lock = InstanceLock(StateFolder(root), "stembridge serve")
        lock.acquire()
        stack.callback(lock.release)
        self.tables, self.reading = open_tables(root, outside.clock), open_tables(root, outside.clock)
        for tables in (self.tables, self.reading):
            stack.callback(tables.database.close)
        self.orders = GroupCommit(self.tables.tasks, options.limits.tasks_at_once)
        self.storage = open_storage(root / "files", options.objects)
        self.uploads = UploadStore(self.storage, self.tables.uploads)
        self.links = Links(self.tables.secret(), options.link_s, outside.clock)
        self.authenticator = Authenticator(self.reading.keys, options.limits.calls_per_minute, outside.monotonic)
        shutil.rmtree(root / "work", ignore_errors=True)  # of a process that was killed
        self.workers = Workers(self.tables.tasks, Work(self._tools()), options.workers)
        self.workers.start()
        stack.callback(self.workers.stop)
        stored = (self.tables, self.storage, self.uploads, self.links)
        cleaner = Cleaner(*stored, retention_s=options.retention_s, clock=outside.clock)
        cleaner.start()
        stack.callback(cleaner.stop)
        note(log, "server.started", storage=str(root), objects=options.objects)
        stack.callback(note, log, "server.stopped")

    def models(self) -> tuple[int, ...]:
        """Return the models that an engine of this server makes now: engines and weights may come and go."""
        return tuple(number for number in models() if self.makes(number))

    def makes(self, number: int) -> bool:
        """Say whether an engine of this server makes a model now."""
        try:
            self._outside.engines.choose(models()[number])
        except StembridgeError:
            return False
        return True

    def _tools(self) -> Tools:
        options, outside = self.options, self._outside
        limits = Limits(options.limits.file_bytes, options.limits.fetch_s)
        return Tools(
            tasks=self.tables.tasks,
            storage=self.storage,
            links=self.links,
            fetcher=Fetcher(Allowed.of(options.allow), limits, resolve=outside.resolve),
            executor=outside.executor,
            engines=outside.engines,
            folder=options.storage / "work",
            longest_minutes=options.limits.minutes,
        )


def make_private(options: ServerOptions) -> None:
    """Make the storage folder, readable for its owner only: other people's music lies there. Raises `StorageError`."""
    try:
        private_folder(options.storage)
    except OSError as error:
        raise StorageError.from_os(error, f"making the server's folder {options.storage}") from error
