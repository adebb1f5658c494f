"""The worker: takes one job after the other through the pipeline, and never dies of one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bridge.compute.runner import Stopped
from bridge.errors import CloudError, StembridgeError, StepCancelled, StorageError, StoreError
from bridge.jobs.job import Failure, Job
from bridge.jobs.retry import retry_at
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, State, allowed
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.checkpoint import ordered
from bridge.pipeline.failover import local_spec
from bridge.pipeline.steps import Pipeline
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions
from bridge.threads import WakingThread

log = logging.getLogger(__name__)

STORE_TROUBLE_S = 5.0
"""How long it waits when the job store itself cannot be written."""


class Worker:
    """Runs the jobs of a backlog on a thread of its own, oldest first."""

    def __init__(
        self,
        store: JobStore,
        pipeline: Pipeline,
        backlog: Backlog,
        *,
        key_of: Callable[[Job, JobSpec], str],
        options: EngineOptions = DEFAULT_OPTIONS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`key_of` names what the stems depend on where another engine takes a job over; `options` are for that one."""
        self._options = options
        self._store = store
        self._pipeline = pipeline
        self._backlog = backlog
        self._key_of = key_of
        self._clock = clock
        self._thread = WakingThread("worker", self._work_off)

    def start(self) -> None:
        """Begin. Raises `NoMoreThreads`."""
        self._thread.start()

    def stop(self) -> None:
        """End within a second or so; the job at hand stays where it stands and is resumed at the next start."""
        self.ask_to_stop()
        self._thread.stop()

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting: several workers stop side by side."""
        self._pipeline.stop()
        self._thread.ask_to_stop()

    def wake(self) -> None:
        """Look for a new job now. May be called from any thread."""
        self._thread.wake()

    def _work_off(self) -> None:
        """Work until there is no job left or the worker stops."""
        stopping = self._thread.stopping
        while not stopping.is_set():
            try:
                job = self._backlog.next()
                if job is None:
                    return
                log.debug("job %s: a worker takes it, state %s, attempt %d", job.id, job.state, job.attempt)
                self._work(job)
            except (StorageError, StoreError) as error:
                log.warning("%s %s", error, error.advice)
                stopping.wait(STORE_TROUBLE_S)

    def _work(self, job: Job) -> None:
        try:
            self._attempt(job)
        except (StorageError, StoreError):
            self._backlog.put_back(job)
            raise

    def _attempt(self, job: Job) -> None:
        try:
            self._pipeline.run(job)
        except Stopped:
            return
        except StepCancelled:
            self._end(job, lambda now: self._store.advance(now, State.CANCELLED))
        except StembridgeError as error:
            reason = error
            self._end(job, lambda now: self._give_up(now, reason))
        except Exception as error:
            # A bug must cost one job, not the daemon and every job behind this one.
            log.exception("job %s met a bug", job.id)
            bug = StembridgeError(
                f"Stembridge met a bug: {type(error).__name__}: {error}",
                advice="Please report it, with the log file; then retry the job.",
            )
            self._end(job, lambda now: self._store.fail(now, Failure.of(bug)))

    def _give_up(self, job: Job, error: StembridgeError) -> Job:
        """Let another engine take the job over, or park it for a person, or let it fail."""
        spec = local_spec(job.spec, error, self._options)
        if spec is not None and not ordered(self._store, job.id):
            log.warning("%s (job %s): %s %s takes over.", job.song, job.id, error, spec.engine)
            return self._store.reassign(job, spec, self._key_of(job, spec))
        if isinstance(error, CloudError) and error.parked and allowed(job.state, State(error.parked)):
            return self._store.fail(job, Failure.of(error), State(error.parked))
        again_at = retry_at(error, job.attempt, self._clock())
        when = "no automatic retry" if again_at is None else f"next try in {again_at - self._clock():.0f} s"
        log.debug("job %s: %s (%s); attempt %d; %s", job.id, error, error.code, job.attempt, when)
        return self._store.fail(job, Failure.of(error, again_at))

    def _end(self, job: Job, end: Callable[[Job], Job]) -> None:
        now = self._store.get(job.id)
        if not now.plan:
            self._pipeline.clean(now)  # once others hear of its end, another worker may be on it at any moment
        ended = end(now)
        if now.plan and ended.state in FINAL:
            self._pipeline.clean(ended)
