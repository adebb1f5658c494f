"""The steps of a task, top to bottom: get the input, decode it, reserve its cost, separate, store the stems, charge.

A task that starts again after a crash repeats every step: unfinished files are deleted, stored stems are replaced, and
minutes are only charged in the last commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bridge.audio.mix import Canonical
from bridge.compute import tasks as compute
from bridge.compute.progress import Span
from bridge.compute.runner import TICK_S, Stopped, run_task
from bridge.compute.tasks import DecodeTask, SeparateTask, decode_mix, separate_mix
from bridge.errors import BounceError
from bridge.files.folders import make_empty
from bridge.protocol.minutes import minutes_of
from bridge.separation.catalogue import Model, model
from bridge.server.fetching.fetch import Fetcher, require_media
from bridge.server.links import Links, result_name
from bridge.server.options import Engines
from bridge.server.storage.storage import Storage
from bridge.server.tables.tasks import Task, Tasks
from bridge.units import Progress

T = TypeVar("T")
TaskT = TypeVar("TaskT", bound=compute.Task)

FETCH = Span(0.0, 0.1, "fetching")
DECODE = Span(0.1, 0.2, "decoding")
SEPARATE = Span(0.2, 0.95, "separating")
KEEP = Span(0.95, 1.0, "storing")

_WIDEST_BYTES_A_SECOND = 96_000 * 2 * 4
"""The data rate of a decoded input in stereo at 96 kHz; a file with more channels may only be shorter."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every task needs."""

    tasks: Tasks
    storage: Storage
    links: Links
    fetcher: Fetcher
    executor: Executor
    engines: Engines
    folder: Path
    """Holds one folder for each running task."""
    longest_minutes: int


class Work:
    """Runs tasks from their input to their stored stems. Used by several threads."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Make each running `run` end with `Stopped`."""
        self._stopping.set()

    def run(self, task: Task, progress: Progress) -> bool:
        """Run a claimed task and charge it. Returns False where it had ended before.

        Raises `Stopped`, or the reason why the task fails; nothing is charged then.
        """
        wanted = model(task.model)
        engine = self._tools.engines.choose(wanted)
        with _folder(self._tools.folder / task.id) as folder:
            source, mix, report = folder / "input", folder / "mix.wav", folder / "progress"
            self._input(task, source, FETCH.part_of(progress))
            decoding = DecodeTask(report, source, mix, "The file at inputurl")
            self._measure(task, self._decode(decoding, DECODE.part_of(progress)))
            stems = folder / "stems"
            stems.mkdir()
            separating = SeparateTask(report, mix, wanted.id, engine, stems, self._tools.engines.load)
            made = self._compute(separate_mix, separating, SEPARATE.part_of(progress))
            kept = self._keep(task, wanted, made, KEEP.part_of(progress))
        return self._tools.tasks.succeed(task, kept)

    def _input(self, task: Task, target: Path, progress: Progress) -> None:
        upload = self._tools.links.own_upload(task.inputurl)
        if upload is None:
            asyncio.run(self._fetch(task.inputurl, target, progress))
            return
        if self._tools.storage.size(upload) is None:
            raise BounceError("Nothing was uploaded to inputurl.", code="bounce.no_upload")
        self._tools.storage.copy_to(upload, target)
        require_media(target)

    async def _fetch(self, url: str, target: Path, progress: Progress) -> None:
        fetching = asyncio.ensure_future(self._tools.fetcher.fetch(url, target, progress))
        while not (await asyncio.wait({fetching}, timeout=TICK_S))[0]:
            if self._stopping.is_set():
                fetching.cancel()
                await asyncio.wait({fetching})
                raise Stopped
        fetching.result()

    def _decode(self, task: DecodeTask, progress: Progress) -> Canonical:
        most = self._tools.longest_minutes * 60 * _WIDEST_BYTES_A_SECOND

        def check() -> None:
            # A few kilobytes of FLAC or Opus can hold days of silence.
            with contextlib.suppress(FileNotFoundError):
                if task.mix.stat().st_size > most:
                    raise self._too_long()

        return self._compute(decode_mix, task, progress, check)

    def _measure(self, task: Task, mix: Canonical) -> None:
        minutes = minutes_of(mix.frames, mix.sample_rate)
        if minutes > self._tools.longest_minutes:
            raise self._too_long()
        self._tools.tasks.measured(task, mix.frames / mix.sample_rate, minutes)

    def _too_long(self) -> BounceError:
        return BounceError(
            f"The file at inputurl is longer than {self._tools.longest_minutes} minutes.", code="bounce.too_long"
        )

    def _compute(
        self,
        function: Callable[[TaskT], T],
        task: TaskT,
        progress: Progress,
        check: Callable[[], None] = lambda: None,
    ) -> T:
        """Return what `function(task)` returns in the other process. `check` is called while it runs, and may raise."""

        def checked() -> None:
            if self._stopping.is_set():
                raise Stopped
            check()

        result = run_task(
            self._tools.executor, function, task, check=checked, report=lambda step: progress(step.fraction)
        )
        progress(1.0)
        return result

    def _keep(self, task: Task, wanted: Model, made: Mapping[str, Path], progress: Progress) -> list[str]:
        kept = []
        for count, name in enumerate(wanted.delivered, 1):
            # The service calls what is left of the mix "other", as its example for a single stem shows.
            stem = "other" if name == wanted.complement else name
            self._tools.storage.put(result_name(task.id, stem), made[name])
            kept.append(stem)
            progress(count / len(wanted.delivered))
        return kept


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[Path]:
    make_empty(path, private=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
