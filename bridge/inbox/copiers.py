"""The threads that judge and copy settled files, so that a long bounce holds up neither the scan nor a stop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StembridgeError
from bridge.inbox.busy import held_by_a_writer
from bridge.inbox.completeness import verdict_of_path
from bridge.inbox.containers.verdict import Verdict
from bridge.inbox.ingest import refuse_unspellable
from bridge.inbox.settling import Ready
from bridge.inbox.spool import (
    CopyStopped,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
    SpoolCopy,
    copy_to_spool,
)

_THREADS = 2
"""One long bounce from a slow share leaves a thread for the others."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The copy lies in the spool."""

    ready: Ready
    copy: SpoolCopy


@dataclass(frozen=True, slots=True)
class NotYet:
    """The file is not finished after all."""

    ready: Ready
    unfinished: bool
    """Its container says so; otherwise it changed, or a writer holds it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The file is no longer there."""

    ready: Ready


@dataclass(frozen=True, slots=True)
class Failed:
    """Something is wrong that the user should know."""

    ready: Ready
    error: StembridgeError


Outcome = Copied | NotYet | Gone | Failed


class Copiers:
    """A queue of settled files and the threads that empty it."""

    def __init__(self, spool: Path, report: Callable[[Outcome], None]) -> None:
        """Report each outcome from a copier's thread."""
        self._spool = spool
        self._report = report
        self._queue: queue.SimpleQueue[Ready | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        # Daemon threads: a share that hangs in a read must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._run, name=f"inbox-copy-{number}", daemon=True)
            for number in range(1, _THREADS + 1)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, ready: Ready) -> None:
        """Queue a settled file. Exactly one outcome will be reported for it, unless stopped before."""
        self._queue.put(ready)

    def stop(self) -> None:
        """Abandon what is being copied. Returns at once; the threads end within one block."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)

    def _keep_going(self) -> bool:
        return not self._stopping.is_set()

    def _run(self) -> None:
        while (ready := self._queue.get()) is not None and self._keep_going():
            try:
                outcome = self._outcome_of(ready)
            except CopyStopped:
                return
            self._report(outcome)

    def _outcome_of(self, ready: Ready) -> Outcome:
        source = Path(ready.path)
        try:
            refuse_unspellable(source)
            if held_by_a_writer(ready.path):
                return NotYet(ready, unfinished=False)
            if not ready.insist and verdict_of_path(source) is not Verdict.COMPLETE:
                return NotYet(ready, unfinished=True)
            return Copied(ready, copy_to_spool(source, self._spool, ready.signature, self._keep_going))
        except SourceChanged:
            return NotYet(ready, unfinished=False)
        except (SourceGone, FileNotFoundError, NotADirectoryError):
            return Gone(ready)
        except StembridgeError as error:
            return Failed(ready, error)
        except OSError as error:
            return Failed(ready, SourceUnreadable.from_reading(source, error))
