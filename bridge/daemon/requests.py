"""Carries out what OSC messages and job files ask of a running bridge."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bridge.daemon.choices import Choices
from bridge.daemon.compose import job_for
from bridge.daemon.places import Places
from bridge.daemon.workers import Workers
from bridge.errors import BounceError, StembridgeError
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, WORKING, State
from bridge.jobs.store import JobStore
from bridge.media.completeness import recognise_path

_RECENT = 30
_REFUSALS = 10


class Refusal(NamedTuple):
    """A bounce that was asked for and got no job."""

    path: str
    """As it was asked for."""
    error: StembridgeError
    at: float
    """Seconds since the epoch."""


class Requests:
    """Implements the `Actions` of the OSC room. Threads may share one; every method raises `StembridgeError`."""

    def __init__(
        self,
        store: JobStore,
        spool: Path,
        workers: Workers,
        places: Places,
        choices: Choices,
        selected: Callable[[str], JobSpec | None],
    ) -> None:
        """`selected` returns the spec of the preset folder that a bounce lies in, None outside of one."""
        self._store = store
        self._spool = spool
        self._workers = workers
        self._places = places
        self._choices = choices
        self._selected = selected
        self._lock = threading.Lock()
        self._refused: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> Sequence[Refusal]:
        """The newest bounces that were asked for and got no job, oldest first."""
        return self._refused

    @property
    def paused(self) -> bool:
        """Whether no further job is begun."""
        return self._workers.paused

    def separate(self, path: str, choice: str = "", chosen: str = "", *, door: str = "osc") -> Job:
        """Make a job of an audio file in an allowed folder, or return the one it has."""
        try:
            bounce = self._places.find(path)
            _require_audio(bounce.path)
            spec = self._selected(str(bounce.path)) if bounce.watched and not choice else None
            return job_for(bounce, spec or self._choices.named(choice or chosen), door, self._store, self._spool)
        except StembridgeError as error:
            with self._lock:
                self._refused = (*self._refused, Refusal(path, error, time.time()))[-_REFUSALS:]
            raise

    def from_job_file(self, path: str, preset: str) -> str:
        """Separate what a job file names and return the job's id."""
        return self.separate(path, preset, self._choices.chosen, door="job file").id

    def chosen(self) -> str:
        """Return the name that `preset` was given last."""
        return self._choices.chosen

    def cancel(self, job: str) -> Job:
        """Cancel a job."""
        return self._store.cancel(job)

    def retry(self, job: str) -> Job:
        """Queue a job again."""
        return self._store.retry(job)

    def job(self, job: str) -> Job:
        """Return one job."""
        return self._store.get(job)

    def recent(self) -> Sequence[Job]:
        """Return what is under way, what waits next, and the newest of what has ended, oldest first."""
        under_way = [*self._store.in_states(WORKING), *self._store.in_states({State.QUEUED})][:_RECENT]
        ended = [job for job in self._store.jobs(_RECENT) if job.state in FINAL]
        return sorted([*under_way, *ended], key=lambda job: job.created)

    def summary(self) -> str:
        """Return in words how many jobs are in which state."""
        counts = self._store.counts()
        working = sum(count for state, count in counts.items() if state in WORKING)
        parts = [f"{counts.get(State.QUEUED, 0)} waiting", f"{working} under way"]
        parts += [f"{count} {state}" for state, count in counts.items() if state in FINAL]
        return ", ".join(parts) + ("; paused" if self._workers.paused else "")

    def preset(self, name: str) -> None:
        """Choose the preset or model of every bounce that names none."""
        self._choices.choose(name)

    def pause(self) -> None:
        """Begin no further job."""
        self._workers.pause()

    def resume(self) -> None:
        """Begin jobs again."""
        self._workers.resume()


def _require_audio(path: Path) -> None:
    """Raise `BounceError` for a file that is not audio. A missing file is left to ingest, which says more."""
    try:
        audio = not path.is_file() or recognise_path(path) is not None
    except OSError:
        return  # ingest says why it cannot be read
    if not audio:
        raise BounceError(
            f"{path.name} is not audio.", code="bounce.not_audio", advice="Name a file that your DAW rendered."
        )
