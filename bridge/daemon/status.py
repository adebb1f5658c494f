"""The status file: where the bridge is and what it does, for scripts that can read a file and cannot hear OSC."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from bridge import __version__
from bridge.daemon.osc import OscDoor
from bridge.daemon.requests import Refusal, Requests
from bridge.errors import StembridgeError
from bridge.files.atomic import write_atomically
from bridge.jobs.document import document_of
from bridge.jobs.job import Job

log = logging.getLogger(__name__)

SCHEMA: Final = 1
LOOK_S: Final = 0.5
"""How often it looks for news; the file is written where there are any."""
_LAST_TRIES, _LAST_PAUSE_S = 5, 0.05
"""Windows lets nobody replace a file while somebody reads it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while a bridge runs."""

    inbox: Path
    stems: Path
    presets: tuple[str, ...]


class StatusFile:
    """Keeps the file true, on a thread of its own, from `__enter__` to `__exit__`; it stays behind as the last word.

    It is written in one step, as others see it. docs/importers.md has its fields.
    """

    def __init__(
        self, path: Path, facts: Facts, requests: Requests, door: OscDoor, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` gives seconds since the epoch."""
        self._path = path
        self._facts = facts
        self._requests = requests
        self._door = door
        self._clock = clock
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._seen: tuple[object, ...] = ()
        self._complained = False
        self._thread = threading.Thread(target=self._run, name="status")

    def on_job_changed(self, job: Job) -> None:  # noqa: ARG002 - all are looked up when it is written
        """Hear that a job has changed: a listener for the job store."""
        self._changed.set()

    def __enter__(self) -> StatusFile:
        """Write it, and begin to keep it."""
        self._write(running=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write it a last time."""
        self._stopping.set()
        self._thread.join()
        for _ in range(_LAST_TRIES):
            if self._write(running=False):
                return
            time.sleep(_LAST_PAUSE_S)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            now = (self._door.endpoint, self._requests.paused, self._requests.refused)
            if self._changed.is_set() or now != self._seen:
                self._changed.clear()
                if self._write(running=True):
                    self._seen = now
                else:
                    self._changed.set()

    def _write(self, *, running: bool) -> bool:
        """Write what holds now; False where that could not be, which costs nobody anything else."""
        try:
            text = json.dumps(self._status(running=running), ensure_ascii=False, indent=1)
            write_atomically(self._path, text.encode(), private=True, durable=False)
        except (OSError, StembridgeError) as error:
            if not self._complained:
                log.warning("the status file cannot be written: %s; trying on", error)
            self._complained = True
            return False
        return True

    def _status(self, *, running: bool) -> dict[str, Any]:
        at = self._door.endpoint
        return {
            "schema": SCHEMA,
            "version": __version__,
            "pid": os.getpid(),
            "running": running,
            "updated": int(self._clock()),
            "inbox": str(self._facts.inbox),
            "stems": str(self._facts.stems),
            "presets": list(self._facts.presets),
            "osc": {"host": at.host, "port": at.port} if at else None,
            "paused": self._requests.paused,
            "jobs": [_row(job) for job in self._requests.recent()],
            "refused": [_refusal(one) for one in self._requests.refused],
        }


def _row(job: Job) -> dict[str, Any]:
    values = document_of(job)
    return {
        "job": values["job"],
        "song": values["song"],
        "bounce": values["source"],
        "state": values["state"],
        "progress": round(values["progress"], 3),
        "step": values["step"],
        "changed": int(values["updated"]),
        "folder": values["folder"],
        "error": values["error"],
    }


def _refusal(one: Refusal) -> dict[str, Any]:
    return {
        "path": one.path,
        "code": one.error.code,
        "message": one.error.message,
        "advice": one.error.advice,
        "at": int(one.at),
    }
