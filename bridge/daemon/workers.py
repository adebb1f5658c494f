"""The workers of one process: for the local engines as many as the executor has slots, and several for the cloud."""

from __future__ import annotations

import threading
from concurrent.futures import Executor

from bridge.compute.executor import LocalExecutor, slots_of
from bridge.config.settings import Settings
from bridge.daemon.cloud import CloudConnection
from bridge.daemon.compose import kept_stems, key_of
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.steps import Pipeline
from bridge.pipeline.store_poller import StorePoller
from bridge.pipeline.withdrawals import Withdrawals
from bridge.pipeline.worker import Worker
from bridge.separation.capabilities import Capabilities
from bridge.separation.registry import LOCAL, SERVICE

SOURCE_FOLDER = "Source"
"""The folder of the inbox that delivered bounces are moved to, if keep_source is false."""

SERVICE_WORKERS = 4
"""Most jobs at the service at once; the client learns if the service allows fewer."""


class Workers:
    """All workers of the process, and the executor that they compute with."""

    def __init__(
        self,
        settings: Settings,
        possible: Capabilities,
        state: StateFolder,
        store: JobStore,
        *,
        only: frozenset[str] | None = None,
    ) -> None:
        """With `only`, jobs with other ids are left alone."""
        # Two, so that the short steps of a cloud job do not wait until a local separation ends.
        self._executor, self._cloud_executor = LocalExecutor(), LocalExecutor()
        self._service = CloudConnection(settings, possible.key, state)
        self._pausing = threading.Event()
        archive = None if settings.inbox.keep_source else settings.inbox.folder / SOURCE_FOLDER

        def worker(backlog: Backlog, executor: Executor) -> Worker:
            kept = kept_stems(settings, state)
            service = self._service.service
            options = possible.options
            pipeline = Pipeline(store, state, kept, executor, source_archive=archive, service=service, options=options)
            return Worker(store, pipeline, backlog, key_of=lambda job, spec: key_of(job.sha256, spec), options=options)

        local, remote = (Backlog(store, engines, only, paused=self._pausing.is_set) for engines in (LOCAL, {SERVICE}))
        remote_workers = SERVICE_WORKERS if self._service.service else 1
        self._workers = [
            *(worker(local, self._executor) for _ in range(slots_of(self._executor))),
            *(worker(remote, self._cloud_executor) for _ in range(remote_workers)),
        ]
        self._withdrawals: Withdrawals | None = None
        if only is None and self._service.service:
            self._withdrawals = Withdrawals(store, self._service.service.publisher)
            store.subscribe(self._withdrawals.on_job_changed)
        self._poller = StorePoller(store, self._wake)
        store.subscribe(self._on_job_changed)

    def start(self) -> None:
        """Start. Raises `PublishError` if the server of published bounces cannot start."""
        self._service.start()
        if self._withdrawals:
            self._withdrawals.start()
        for worker in self._workers:
            worker.start()
        self._poller.start()

    def stop(self) -> None:
        """Stop within a few seconds; the jobs under way keep their state."""
        self._poller.stop()
        for worker in self._workers:
            worker.ask_to_stop()
        for worker in self._workers:
            worker.stop()
        if self._withdrawals:
            self._withdrawals.stop()  # after the last job has ended
        self._service.stop()
        for executor in (self._executor, self._cloud_executor):
            executor.shutdown(cancel_futures=True)

    @property
    def paused(self) -> bool:
        """Whether no further job is begun."""
        return self._pausing.is_set()

    def pause(self) -> None:
        """Begin no further job; those under way go on."""
        self._pausing.set()

    def resume(self) -> None:
        """Begin jobs again."""
        self._pausing.clear()
        self._wake()

    def _on_job_changed(self, job: Job) -> None:
        if job.state is State.QUEUED:
            self._wake()

    def _wake(self) -> None:
        for worker in self._workers:
            worker.wake()
        if self._withdrawals:
            self._withdrawals.wake()
