"""The way of a task, top to bottom: get the input, decode it, hold what it costs, separate, keep the stems, settle.

A task that is begun again after a crash goes the whole way again: what was half made is thrown away, what was kept is
written over, and money only moves in the last commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bridge.compute.progress import read_progress
from bridge.errors import BounceError, EngineFailed
from bridge.files.folders import make_empty
from bridge.protocol.minutes import minutes_of
from bridge.separation.catalogue import Model, model
from bridge.server.compute import Decoded, DecodeWork, SeparateWork, decode_input, separate_input
from bridge.server.fetching.fetch import Fetcher, require_media
from bridge.server.links import Links, result_name
from bridge.server.options import Engines
from bridge.server.storage.storage import Storage
from bridge.server.tables.tasks import Task, Tasks
from bridge.units import Progress

T = TypeVar("T")
WorkT = TypeVar("WorkT")

TICK_S = 0.1
FETCH, DECODE, SEPARATE, KEEP = (0.0, 0.1), (0.1, 0.2), (0.2, 0.95), (0.95, 1.0)

_WIDEST_BYTES_A_SECOND = 96_000 * 2 * 4
"""Of a decoded input: stereo float at 96 kHz. Anything wider gets proportionally less than the longest length."""


class Stopped(Exception):
    """The server is stopping; the task waits for its next start."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every task is worked on with."""

    tasks: Tasks
    storage: Storage
    links: Links
    fetcher: Fetcher
    executor: Executor
    engines: Engines
    folder: Path
    """Holds one folder for each task under way."""
    longest_minutes: int


class Work:
    """Takes tasks to their success; used by several threads."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Make each running `run` end with `Stopped`."""
        self._stopping.set()

    def run(self, task: Task, progress: Progress) -> bool:
        """Take a claimed task to its success, and charge it. False where it had ended before.

        Raises `Stopped`, or why the task fails; nothing is charged then.
        """
        wanted = model(task.model)
        engine = self._tools.engines.choose(wanted)
        with _folder(self._tools.folder / task.id) as folder:
            source, mix, note = folder / "input", folder / "mix.wav", folder / "progress"
            self._input(task, source, _part(progress, FETCH))
            decoded = self._decode(DecodeWork(source, mix, note), _part(progress, DECODE))
            self._measure(task, decoded)
            stems = folder / "stems"
            stems.mkdir()
            work = SeparateWork(mix, wanted.id, engine, stems, note, self._tools.engines.load)
            made = self._compute(separate_input, work, note, _part(progress, SEPARATE))
            kept = self._keep(task, wanted, made, _part(progress, KEEP))
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

    def _decode(self, work: DecodeWork, progress: Progress) -> Decoded:
        most = self._tools.longest_minutes * 60 * _WIDEST_BYTES_A_SECOND

        def watch() -> None:
            # A few kilobytes of FLAC or Opus can hold days of silence.
            with contextlib.suppress(FileNotFoundError):
                if work.mix.stat().st_size > most:
                    raise self._too_long()

        return self._compute(decode_input, work, work.progress, progress, watch)

    def _measure(self, task: Task, decoded: Decoded) -> None:
        minutes = minutes_of(decoded.frames, decoded.sample_rate)
        if minutes > self._tools.longest_minutes:
            raise self._too_long()
        self._tools.tasks.measured(task, decoded.frames / decoded.sample_rate, minutes)

    def _too_long(self) -> BounceError:
        return BounceError(
            f"The file at inputurl is longer than {self._tools.longest_minutes} minutes.", code="bounce.too_long"
        )

    def _compute(
        self,
        function: Callable[[WorkT], T],
        work: WorkT,
        note: Path,
        progress: Progress,
        watch: Callable[[], None] = lambda: None,
    ) -> T:
        """Return what `function(work)` gives in the other process. `watch` is called while it runs, and may raise."""
        note.unlink(missing_ok=True)
        future = self._tools.executor.submit(function, work)
        try:
            while not wait([future], TICK_S).done and not self._stopping.is_set():
                watch()
                progress(read_progress(note))
        except BaseException:
            _abandon(future)
            raise
        if self._stopping.is_set():
            _abandon(future)
            raise Stopped
        result = future.result()
        progress(1.0)
        return result

    def _keep(self, task: Task, wanted: Model, made: Mapping[str, Path], progress: Progress) -> list[str]:
        missing = [name for name in wanted.stems if name not in made]
        if missing:
            raise EngineFailed(f"The engine made no {' and no '.join(missing)}.")
        kept = []
        for count, (name, path) in enumerate(made.items(), 1):
            # The service calls what is left of the mix "other", as its example for a single stem shows.
            stem = "other" if name == wanted.complement else name
            self._tools.storage.put(result_name(task.id, stem), path)
            kept.append(stem)
            progress(count / len(made))
        return kept


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[Path]:
    make_empty(path, private=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _part(progress: Progress, part: tuple[float, float]) -> Progress:
    start, end = part
    return lambda fraction: progress(start + (end - start) * fraction)


def _abandon(future: Future[T]) -> None:
    future.cancel()
    with contextlib.suppress(CancelledError):
        future.exception()  # what it was writing must have stopped before anybody cleans up
