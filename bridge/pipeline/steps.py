"""The steps of a job, top to bottom: separate, normalise, deliver.

Each step starts from what the job store and the disk say, not from what an earlier step left in memory, so a restart
after a crash simply runs the step again. What a step makes becomes visible in one rename.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from bridge.audio.mix import Canonical
from bridge.compute.progress import Span
from bridge.compute.tasks import DecodeTask, SeparateTask, decode_mix, separate_mix
from bridge.delivery.folder import Plan, discard_staging, place, plan_delivery, staging_folder
from bridge.delivery.naming import stem_files
from bridge.delivery.projects.registry import KINDS
from bridge.delivery.receipt import Receipt
from bridge.delivery.receipt import read as read_receipt
from bridge.errors import BounceError, DeliveryOvertaken, EngineUnavailable, StepCancelled, StorageError
from bridge.files.atomic import write_atomically
from bridge.files.folders import make_empty
from bridge.files.space import require_space
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.states import REMOTE, State
from bridge.jobs.store import JobStore
from bridge.pipeline.archive import archive_source
from bridge.pipeline.kept import KeptStems, kept_under
from bridge.pipeline.receipts import make_receipt
from bridge.pipeline.remote import Cloud, RemoteStep
from bridge.pipeline.runner import TaskRunner
from bridge.pipeline.tasks import (
    ComplementTask,
    ProjectsTask,
    RenderTask,
    make_complement,
    render_stems,
    write_project_files,
)
from bridge.separation.capabilities import KEY_ADVICE
from bridge.separation.catalogue import Model, model
from bridge.separation.registry import SERVICE, engine, separator
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions

log = logging.getLogger(__name__)

DECODE = Span(0.0, 0.05, "decoding")
SEPARATE = Span(0.05, 0.70, "separating")
RENDER = Span(0.70, 0.97, "normalising")
PROJECTS = Span(0.97, 0.98, "writing project files")


class Pipeline:
    """Takes a job from wherever it stands to its delivery."""

    def __init__(
        self,
        store: JobStore,
        state: StateFolder,
        kept: KeptStems,
        executor: Executor,
        *,
        source_archive: Path | None = None,
        service: Cloud | None = None,
        options: EngineOptions = DEFAULT_OPTIONS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`source_archive` is where delivered bounces are moved to; None leaves them where they are.

        `service` is the separation service, if one is set up; `options` say how local engines run.
        """
        self._load = partial(separator, options=options)
        self._store = store
        self._state = state
        self._kept = kept
        self._stopping = threading.Event()
        self._tasks = TaskRunner(store, executor, self._stopping)
        self._remote = RemoteStep(store, self._tasks, service, self._stopping, clock) if service else None
        self._source_archive = source_archive
        self._clock = clock
        self._decoded: tuple[str, Canonical] | None = None

    def stop(self) -> None:
        """Make the running `run` end with `Stopped`."""
        self._stopping.set()

    def run(self, job: Job) -> Job:
        """Take a claimed or interrupted job to its delivery.

        Raises `StepCancelled`, `Stopped`, or what the step met; the job is then still in the state of that step.
        """
        steps = {
            **dict.fromkeys((State.SEPARATING, *REMOTE), self._separate),
            State.NORMALISING: self._normalise,
            State.DELIVERING: self._deliver,
        }
        while job.state in steps:
            # Once files go into the song's folder, going on is what leaves nothing half made.
            if job.state is not State.DELIVERING and self._store.cancelling(job.id):
                raise StepCancelled(f"Job {job.id} was cancelled.")
            job = steps[job.state](job)
        self.clean(job)
        return job

    def clean(self, job: Job) -> None:
        """Remove what a job that has ended no longer needs; what a retry needs stays. Never fails."""
        self._decoded = None
        if job.state is State.FAILED and job.plan:
            return  # the retry goes on with the rendered stems
        shutil.rmtree(self._state.work(job.id), ignore_errors=True)
        # What the disk does not let go of now is removed by the next start.
        with contextlib.suppress(StorageError):
            discard_staging(job.spec.output, job.id)
        if job.state is State.DELIVERED:
            with contextlib.suppress(OSError):
                job.spool.unlink(missing_ok=True)

    # The steps: each returns the job in its next state.

    def _separate(self, job: Job) -> Job:
        wanted = model(job.spec.model)
        kept = {} if job.spec.force else self._kept.find(*kept_under(job)) or {}
        missing = [name for name in wanted.delivered if name not in kept]
        if not missing:
            log.info("%s: these stems are kept from before; not separated again", job.song)
        elif kept and missing == [wanted.complement]:
            log.debug("job %s: the stem is kept; only %s is computed", job.id, missing[0])
            self._add_complement(job, wanted, kept)
        else:
            why = "forced" if job.spec.force else "no kept stems"
            log.debug("job %s: separating with engine %s, model %d: %s", job.id, job.spec.engine, wanted.id, why)
            self._make_stems(job, wanted)
        return self._store.advance(self._store.get(job.id), State.NORMALISING)

    def _make_stems(self, job: Job, wanted: Model) -> None:
        mix = self._decode(job)
        require_space(self._state.root, _bytes(mix, engine(job.spec.engine).most_files(wanted)), "separating")
        stems = self._remotely(job, mix) if job.spec.engine == SERVICE else self._locally(job, mix, wanted)
        self._kept.keep(job.key, self._state.work(job.id) / "stems", stems)

    def _add_complement(self, job: Job, wanted: Model, kept: Mapping[str, Path]) -> None:
        mix = self._decode(job)
        require_space(self._state.root, _bytes(mix, 1), "separating")
        name = wanted.delivered[-1]
        target = self._fresh(job, "stems") / f"{name}.wav"
        task = ComplementTask(self._progress_file(job), mix.path, kept[wanted.stems[0]], target)
        self._kept.add(kept, name, self._tasks.run(job, SEPARATE, make_complement, task))

    def _locally(self, job: Job, mix: Canonical, wanted: Model) -> Mapping[str, Path]:
        span = Span(SEPARATE.start, SEPARATE.end, _separating(job, wanted))
        folder = self._fresh(job, "stems")
        task = SeparateTask(self._progress_file(job), mix.path, wanted.id, job.spec.engine, folder, self._load)
        return self._tasks.run(job, span, separate_mix, task)

    def _remotely(self, job: Job, mix: Canonical) -> Mapping[str, Path]:
        if self._remote is None:
            raise EngineUnavailable("This job is for the separation service, and there is no key.", advice=KEY_ADVICE)
        return self._remote.separate(job, mix, self._state.work(job.id))

    def _normalise(self, job: Job) -> Job:
        if job.plan and self._receipt_file(job).exists():
            return self._store.advance(job, State.DELIVERING)  # a retry: rendered before
        kept, wanted = self._kept.find(*kept_under(job)) or {}, model(job.spec.model).delivered
        if any(name not in kept for name in wanted):
            return self._store.advance(job, State.SEPARATING)
        stems = {name: kept[name] for name in wanted}
        mix = self._decode(job)
        plan = plan_delivery(job.spec.output, job.song, job.id, job.spec.rebounce)
        files = self._file_names(job, stems, plan.take)
        folder = staging_folder(job.spec.output, job.id)
        _make_staging(folder, job.spec.output)
        copies = 1 + sum(KINDS[kind].holds_stems for kind in job.spec.projects)
        require_space(folder, _bytes(mix, len(stems)) * copies, "the stems")
        task = RenderTask(self._progress_file(job), job.spool, mix, stems, files, folder, job.spec)
        log.debug("job %s: normalising %d stems, mode %s, to take %d", job.id, len(stems), job.spec.mode, plan.take)
        rendered = self._tasks.run(job, RENDER, render_stems, task)
        receipt = self._with_projects(job, make_receipt(job, plan.take, mix, rendered, self._clock()), folder)
        _write_durably(self._receipt_file(job), receipt.to_json())
        return self._store.advance(job, State.DELIVERING, plan=plan.to_json())

    def _deliver(self, job: Job) -> Job:
        if not self._receipt_file(job).exists():
            return self._store.advance(job, State.NORMALISING)
        receipt = read_receipt(self._receipt_file(job))
        try:
            folder = place(Plan.from_json(job.plan), staging_folder(job.spec.output, job.id), receipt)
        except StorageError as error:
            if isinstance(error, DeliveryOvertaken) or error.code == "storage.staging_gone":
                log.debug("job %s: planning its delivery again: %s", job.id, error)
                return self._store.advance(job, State.NORMALISING, plan="")
            raise
        archive = self._source_archive if job.watched and job.door != "cli" else None
        if archive is not None and archive_source(job, archive, self._clock()):
            self._store.forget(job.source)
        return self._store.advance(job, State.DELIVERED, folder=folder)

    # What the steps share.

    def _with_projects(self, job: Job, receipt: Receipt, folder: Path) -> Receipt:
        if not job.spec.projects:
            return receipt
        task = ProjectsTask(self._progress_file(job), receipt, job.spec.projects, folder)
        return dataclasses.replace(receipt, projects=self._tasks.run(job, PROJECTS, write_project_files, task))

    def _decode(self, job: Job) -> Canonical:
        """Decode the spooled bounce, once in a run: after a power cut an old decode on the disk may be half there."""
        if self._decoded is not None and self._decoded[0] == job.id:
            return self._decoded[1]
        if not job.spool.exists():
            raise BounceError(
                "The copy of this bounce has been cleared away.",
                code="bounce.gone",
                advice="Save the bounce into the inbox again.",
            )
        mix = self._fresh(job, "mix") / "mix.wav"
        task = DecodeTask(self._progress_file(job), job.spool, mix, job.source.name)
        self._decoded = job.id, self._tasks.run(job, DECODE, decode_mix, task)
        return self._decoded[1]

    def _file_names(self, job: Job, stems: Mapping[str, Path], take: int) -> Mapping[str, str]:
        return stem_files(
            job.spec.template,
            job.spec.format,
            stems,
            song=job.song,
            take=take,
            model=job.spec.model,
            engine=job.spec.engine,
            preset=job.spec.preset,
            date=datetime.datetime.fromtimestamp(self._clock()).astimezone().date(),
        )

    def _fresh(self, job: Job, name: str) -> Path:
        folder = self._state.work(job.id) / name
        make_empty(folder)
        return folder

    def _progress_file(self, job: Job) -> Path:
        return self._state.work(job.id) / "progress"

    def _receipt_file(self, job: Job) -> Path:
        return self._state.work(job.id) / "receipt.json"


def _separating(job: Job, wanted: Model) -> str:
    rough = ", a rough preview" if job.spec.engine == "preview" else ""
    return f"separating into {', '.join(wanted.delivered)} ({job.spec.engine}{rough})"


def _bytes(mix: Canonical, stems: int) -> int:
    """Bound what so many stems of the mix take as float32."""
    return int(mix.frames) * mix.channels * 4 * stems


def _make_staging(folder: Path, output: Path) -> None:
    # The output folder is made when the program starts, never here: on a disk that was unplugged meanwhile, it would
    # come into being below the mount point, and the delivery with it.
    if not output.is_dir():
        raise StorageError(
            f"The folder for the stems is gone: {output}.",
            code="storage.gone",
            advice="Connect its disk, or make the folder again.",
        )
    make_empty(folder)


def _write_durably(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode(), private=True)
    except OSError as error:
        raise StorageError.from_os(error, "noting the receipt") from error
