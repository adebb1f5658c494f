"""Separating by way of the service: the bill first, then publish, order, wait, download, and fit to the mix.

What may cost money is decided in `bridge.separation.api`; here it is bound to the job: its checkpoint and its bill are
in the job store before anything is sent, its state follows the steps, and what comes back becomes stems like any other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.audio.mix import Canonical
from bridge.compute.progress import Span
from bridge.errors import OrderedBefore
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.checkpoint import JobCheckpoint, noted, ordered
from bridge.pipeline.earlier_orders import can_follow, not_at_hand
from bridge.pipeline.runner import REPORT_EVERY_S, TaskRunner
from bridge.pipeline.tasks import FitTask, Prepared, PrepareTask, fit_downloads, prepare_upload
from bridge.separation.api import remote as rules
from bridge.separation.api.guard import admit, estimate, month_of
from bridge.separation.api.interfaces import Publishes
from bridge.separation.api.remote import Remote
from bridge.separation.api.task import ApiResult, ApiTask, stem_limit
from bridge.separation.catalogue import model
from bridge.units import Frames

if TYPE_CHECKING:
    from bridge.separation.api.engine import ApiEngine  # httpx: only where there is a service

NEWS = "stembridge.service"
"""The logger of what a musician wants to read while the service has the job: the price, and why nothing moves."""

log = logging.getLogger(NEWS)

PREPARE = Span(0.05, 0.08, "preparing the upload")
FIT = Span(0.66, 0.70, "fitting the stems to the mix")
_SPANS = {
    State.PUBLISHING: Span(0.08, 0.20, "uploading the mix"),
    State.SUBMITTING: Span(0.20, 0.21, "ordering the separation"),
    State.WAITING: Span(0.21, 0.55, "the service is separating"),
    State.DOWNLOADING: Span(0.55, 0.66, "downloading the stems"),
}

ANSWER_WAIT_S = 30.0
"""How long to wait for the answer to another job's order before this job is parked."""

ANSWER_TICK_S = 0.5


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
        checkpoint = self._checkpoint(job)
        self._store.notes.note_content(job.id, mix.content_hash)
        prepared = self._prepare(job, mix, work)
        watch = _Watch(self._store, job, self._stopping, self._tasks.check)
        while True:
            if not job.spec.force:
                self._follow_earlier(watch, checkpoint)
            if not ordered(self._store, job.id):
                self._tell_price(job, mix, prepared)
            try:
                result = self._service.engine.run(
                    self._task(job, mix, work, prepared), checkpoint, self._service.publisher(), watch
                )
            except OrderedBefore:
                continue  # another job ordered it while this one uploaded
            return self._fit(watch.job, mix, work, prepared, result)

    def _checkpoint(self, job: Job) -> JobCheckpoint:
        options = self._service.options
        return JobCheckpoint(self._store, job, self._clock, options.monthly_minutes, self._service.engine.peer)

    def _follow_earlier(self, watch: _Watch, checkpoint: JobCheckpoint) -> None:
        """Follow another job's order for the same audio and model, if there is one; raise `OrderedBefore` to park."""
        deadline = time.monotonic() + ANSWER_WAIT_S
        while (order := checkpoint.earlier()) is not None:
            own = Remote.from_json(checkpoint.load())
            if can_follow(own, order, self._service.engine.peer):
                log.info("%s: job %s has ordered this audio already; using its result", watch.job.song, order.job)
                self._store.note(watch.job.id, "shared", f"follows the order of job {order.job}")
                checkpoint.save(rules.shared(own, order.remote, order.job).to_json())
                return
            if not order.about_to_be_known or time.monotonic() > deadline:
                raise not_at_hand(order, self._service.engine.peer)
            watch.notice(f"Job {order.job} is ordering this audio; waiting for the answer.")
            watch.wait(ANSWER_TICK_S)

    def _task(self, job: Job, mix: Canonical, work: Path, prepared: Prepared) -> ApiTask:
        wanted = model(job.spec.model)
        return ApiTask(
            id=job.id,
            model=wanted.id,
            stems=wanted.stems,
            upload=prepared.path,
            name=prepared.name,
            minutes=_minutes(prepared.frames, mix),
            folder=work / "service",
            limit=stem_limit(mix.frames / mix.sample_rate),
            lifetime_s=self._service.options.lifetime_s,
            frames=prepared.frames,
        )

    def _fit(self, job: Job, mix: Canonical, work: Path, prepared: Prepared, result: ApiResult) -> Mapping[str, Path]:
        sent = Remote.from_json(noted(self._store, job.id)).sent
        fit = FitTask(
            progress=work / "progress",
            mix=mix,
            downloads=result.stems,
            model=job.spec.model,
            folder=work / "stems",
            sent=Frames(sent) if sent else prepared.frames,
        )
        return self._tasks.run(job, FIT, fit_downloads, fit)

    def _prepare(self, job: Job, mix: Canonical, work: Path) -> Prepared:
        flac = self._service.options.upload_flac
        task = PrepareTask(work / "progress", mix, work / "upload", job.spec.trim_silence, flac)
        return self._tasks.run(job, PREPARE, prepare_upload, task)

    def _tell_price(self, job: Job, mix: Canonical, prepared: Prepared) -> None:
        sounding = None if job.spec.trim_silence else prepared.sounding
        cost = estimate(prepared.frames, mix.sample_rate, sounding)
        log.info("%s (job %s): %s", job.song, job.id, cost.sentence)
        self._store.note(job.id, "price", cost.sentence)
        self._store.progress(job.id, PREPARE.end, cost.sentence)
        used = self._store.notes.billed_minutes(month_of(self._clock()))
        admit(cost.minutes, used, self._service.options.monthly_minutes)


def _minutes(frames: Frames, mix: Canonical) -> int:
    return estimate(frames, mix.sample_rate).minutes


class _Watch:
    """Looks on for a job: its state follows the steps, and a cancel or stop ends the wait."""

    def __init__(self, store: JobStore, job: Job, stopping: threading.Event, check: Callable[[str], None]) -> None:
        """`check` raises where the worker stops or somebody cancels the job with this id."""
        self.job = job
        self._check = check
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
        self._check(self.job.id)

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._stopping.wait(min(left, 0.25))
