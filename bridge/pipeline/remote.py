"""Separating by way of the service: the bill first, then publish, order, wait, download, and fit to the mix.

What may cost money is decided in `bridge.separation.api`; here it is bound to the job: its checkpoint and its bill are
in the job store before anything is sent, its state follows the steps, and what comes back becomes stems like any other.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.audio.mix import Canonical
from bridge.errors import StepCancelled
from bridge.jobs.cloud_notes import Bill
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.runner import Span, Stopped, TaskRunner
from bridge.pipeline.tasks import FitTask, Prepared, PrepareTask, fit_downloads, prepare_upload
from bridge.separation.api.guard import admit, estimate, month_of
from bridge.separation.api.interfaces import Publishes
from bridge.separation.api.remote import Remote
from bridge.separation.api.task import ApiTask, stem_limit
from bridge.separation.catalogue import model
from bridge.units import Frames

if TYPE_CHECKING:
    from bridge.separation.api.engine import ApiEngine  # httpx: only where there is a service

NEWS = "stembridge.service"
"""The logger of what a musician wants to read while the service has the job: the price, and why nothing moves."""

log = logging.getLogger(NEWS)
decisions = logging.getLogger(__name__)

PREPARE = Span(0.05, 0.08, "preparing the upload")
FIT = Span(0.66, 0.70, "fitting the stems to the mix")
_SPANS = {
    State.PUBLISHING: Span(0.08, 0.20, "uploading the mix"),
    State.SUBMITTING: Span(0.20, 0.21, "ordering the separation"),
    State.WAITING: Span(0.21, 0.55, "the service is separating"),
    State.DOWNLOADING: Span(0.55, 0.66, "downloading the stems"),
}
REPORT_EVERY_S = 0.3


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """What the configuration says of the service."""

    monthly_minutes: int | None = None
    """The cap of started minutes in a month (UTC); None for none."""
    lifetime_s: int = 86_400
    upload_flac: bool = True


@dataclass(frozen=True, slots=True)
class Cloud:
    """The service as one bridge uses it: shared by all jobs, since they share the key and its limits."""

    engine: ApiEngine
    publisher: Callable[[], Publishes]
    """Raises `PublishError` where publishing is not configured."""
    options: CloudOptions


class RemoteStep:
    """Makes the stems of a job at the service. For one worker; `service` is shared."""

    def __init__(
        self,
        store: JobStore,
        tasks: TaskRunner,
        service: Cloud,
        stopping: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._service = service
        self._stopping = stopping
        self._clock = clock

    def separate(self, job: Job, mix: Canonical, work: Path) -> Mapping[str, Path]:
        """Return the stems, float WAV files in `work`, going on from the job's checkpoint.

        Raises `CloudError`, `PublishError`, `StorageError`, `EngineFailed`, `StepCancelled` or `Stopped`.
        """
        checkpoint = _Checkpoint(self._store, job.id, self._clock, self._service.options.monthly_minutes)
        prepared = self._prepare(job, mix, work, price=not ordered(self._store, job.id))
        wanted = model(job.spec.model)
        task = ApiTask(
            id=job.id,
            model=wanted.id,
            stems=wanted.stems,
            upload=prepared.path,
            name=prepared.name,
            minutes=_minutes(prepared.frames, mix),
            folder=work / "service",
            limit=stem_limit(mix.frames / mix.sample_rate),
            lifetime_s=self._service.options.lifetime_s,
        )
        watch = _Watch(self._store, job, self._stopping)
        result = self._service.engine.run(task, checkpoint, self._service.publisher(), watch)
        fit = FitTask(
            progress=work / "progress",
            mix=mix,
            downloads=result.stems,
            model=wanted.id,
            folder=work / "stems",
            sent=prepared.frames,
        )
        return self._tasks.run(watch.job, FIT, fit_downloads, fit)

    def _prepare(self, job: Job, mix: Canonical, work: Path, *, price: bool) -> Prepared:
        flac = self._service.options.upload_flac
        task = PrepareTask(work / "progress", mix, work / "upload", job.spec.trim_silence, flac)
        prepared = self._tasks.run(job, PREPARE, prepare_upload, task)
        if price:
            sounding = None if job.spec.trim_silence else prepared.sounding
            cost = estimate(prepared.frames, mix.sample_rate, sounding)
            log.info("%s (job %s): %s", job.song, job.id, cost.sentence)
            self._store.note(job.id, "price", cost.sentence)
            self._store.progress(job.id, PREPARE.end, cost.sentence)
            used = self._store.notes.billed_minutes(month_of(self._clock()))
            admit(cost.minutes, used, self._service.options.monthly_minutes)
        return prepared


def _minutes(frames: Frames, mix: Canonical) -> int:
    return estimate(frames, mix.sample_rate).minutes


class _Checkpoint:
    """The job's checkpoint and its bill, in one commit."""

    def __init__(self, store: JobStore, job_id: str, clock: Callable[[], float], cap: int | None) -> None:
        self._store = store
        self._job_id = job_id
        self._clock = clock
        self._cap = cap

    def load(self) -> Mapping[str, object]:
        return _noted(self._store, self._job_id)

    def save(self, state: Mapping[str, object]) -> None:
        after = Remote.from_json(state)
        bill = bill_between(Remote.from_json(self.load()), after, month_of(self._clock()))

        # Once more, and now for good: other jobs may have ordered since the price was told.
        def admitted(used: int) -> None:
            admit(after.minutes, used, self._cap)

        decisions.debug("job %s: checkpoint: %s", self._job_id, _described(after))
        self._store.notes.save(self._job_id, json.dumps(state), bill, admitted)


def _described(remote: Remote) -> str:
    """Say where an order stands, without the published URL, which is a secret."""
    known = {"published": bool(remote.url), "intent": remote.intent, "task": remote.remote_id or "none"}
    return ", ".join(f"{name} {value}" for name, value in known.items())


def ordered(store: JobStore, job_id: str) -> bool:
    """Say whether an order for this job may have been taken, and its task may still bring the stems."""
    return _is_ordered(Remote.from_json(_noted(store, job_id)))


def _noted(store: JobStore, job_id: str) -> Mapping[str, object]:
    text = store.notes.checkpoint(job_id)
    found: Mapping[str, object] = json.loads(text) if text else {}
    return found


def _is_ordered(remote: Remote) -> bool:
    return remote.intent or bool(remote.remote_id)


def bill_between(before: Remote, after: Remote, month: str) -> Bill | None:
    """Say what a step does to the bill of a job; None if nothing. Pure.

    An order counts from the moment it may have been sent, also if the task fails later: the service's own page says
    both, and a cap must hold in the worse case.
    """
    was, now = _is_ordered(before), _is_ordered(after)
    if now and not was:
        return Bill("insert", month, after.minutes)
    if was and not now and before.intent and not before.remote_id:
        return Bill("delete", month, 0)
    if now and after.minutes != before.minutes:
        return Bill("change", month, after.minutes)
    return None


class _Watch:
    """Looks on for a job: its state follows the steps, and a cancel or stop ends the wait."""

    def __init__(self, store: JobStore, job: Job, stopping: threading.Event) -> None:
        self.job = job
        self._store = store
        self._stopping = stopping
        self._next_report = 0.0
        self._notice = ""

    def progress(self, step: str, fraction: float) -> None:
        state = State(step)
        if self.job.state is not state:
            self.job = self._store.advance(self.job, state)
            self._next_report = 0.0
            self._notice = ""
        now = time.monotonic()
        if now >= self._next_report:
            self._next_report = now + REPORT_EVERY_S
            span = _SPANS[state]
            self._store.progress(self.job.id, span.at(fraction), span.text)

    def notice(self, sentence: str) -> None:
        if sentence != self._notice:
            self._notice = sentence
            log.info("%s (job %s): %s", self.job.song, self.job.id, sentence)
            self._store.progress(self.job.id, self.job.progress, sentence)

    def check(self) -> None:
        if self._stopping.is_set():
            raise Stopped
        if self._store.cancelling(self.job.id):
            raise StepCancelled(f"Job {self.job.id} was cancelled.")

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._stopping.wait(min(left, 0.25))
