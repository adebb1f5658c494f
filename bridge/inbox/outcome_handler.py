"""Decides what follows from the outcome of reading a settled file: a job, another wait, or a message to the user."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.delivery.naming import song_of
from bridge.errors import BounceError, StembridgeError, StorageError
from bridge.inbox.ingest import Ledger, accept
from bridge.inbox.options import InboxOptions
from bridge.inbox.outcomes import Asked, Copied, Failed, Gone, NotYet, Outcome, Refused
from bridge.inbox.scan import Findings
from bridge.inbox.settling import Settling
from bridge.inbox.spool import SourceUnreadable
from bridge.inbox.troubles import Troubles
from bridge.jobs.arrival import Arrival, Signature

log = logging.getLogger(__name__)

_DOOR = "inbox"
_EVERYTHING = ""
"""What problems of the spool or the ledger are about: they concern every bounce, and are reported once."""

_MOST_PASSED_OVER = 20
"""Files of one scan that are named in the log; a whole library of others would fill it."""

OnAccepted = Callable[[str], None]
OnProblem = Callable[[Path, StembridgeError], None]


class OutcomeHandler:
    """Handles the outcomes of the worker threads, in the inbox's main thread."""

    def __init__(
        self, options: InboxOptions, ledger: Ledger, settling: Settling, on_accepted: OnAccepted, on_problem: OnProblem
    ) -> None:
        self.known: dict[str, Signature] = {}
        """Every path that is dealt with, with the signature that it had then."""
        self._options = options
        self._ledger = ledger
        self._settling = settling
        self._on_accepted = on_accepted
        self._on_problem = on_problem
        self._troubles = Troubles(settling.pace.still_s)
        self._held_back: set[str] = set()
        self._retry_at = -math.inf
        self._unreadable_places: frozenset[str] = frozenset()
        self._passed_over: frozenset[str] = frozenset()

    def open(self) -> None:
        """Load what the ledger remembers. Raises what the ledger raises."""
        self.known = self._ledger.seen()

    def handle(self, outcome: Outcome, now: float) -> None:
        """Handle one outcome."""
        path, signature = outcome.ready.path, outcome.ready.signature
        match outcome:
            case Copied(copy=copy):
                spec = self._options.spec_for(path)
                source = Path(path)
                song = song_of(source)
                arrival = Arrival(source, copy.path, copy.sha256, copy.signature, song, _DOOR, spec, watched=True)
                self._accept(path, arrival, now)
            case NotYet(unfinished=True):
                log.debug("%s: its container is not complete yet; waiting for a change", path)
                self._settling.unfinished(path, signature, now)
            case NotYet():
                log.debug("%s: changed, or a program still has it open for writing; waiting", path)
                self._settling.postpone(path, now + self._settling.pace.closed_s)
            case Gone():
                log.debug("%s: gone before it was taken", path)
                self.forget(path)
            case Asked() | Refused():
                self._handle_answer(outcome)
            case Failed(error=error):
                self._fail(path, signature, error, now)

    def note_unreadable(self, path: str, error: OSError, now: float) -> None:
        """Report a candidate that cannot be read at the moment, and check it again later."""
        self._settling.postpone(path, now + self._report(path, SourceUnreadable.from_reading(Path(path), error)))

    def forget(self, path: str) -> None:
        """Forget a path that is gone."""
        self._settling.forget(path)
        self._clear_problem(path)

    def retry(self, now: float) -> None:
        """Retry now what failed."""
        self._retry_at = now
        for path in (*self._held_back, *self._troubles.subjects()):
            self._settling.postpone(path, now)

    def report_unreachable(self, folder: Path, error: OSError) -> None:
        """Report that the inbox cannot be read: its share is gone, or somebody removed it."""
        self._report(
            str(folder),
            StorageError(
                f"The inbox {folder} cannot be read: {error.strerror or error}.",
                code="inbox.gone",
                advice="Connect its disk, or make the folder again. Stembridge then continues by itself.",
            ),
        )

    def note_scan(self, findings: Findings) -> None:
        """Report what a scan could not read or passed over, each once."""
        if self._troubles.clear(str(self._options.folder)):
            log.info("the inbox %s can be read again", self._options.folder)
        closed = dict(findings.denied)
        for path in self._unreadable_places - closed.keys():
            self._troubles.clear(path)
        for path, error in closed.items():
            self._report(path, SourceUnreadable.from_reading(Path(path), error))
        self._unreadable_places = frozenset(closed)
        self._report_passed_over(dict(findings.passed_over))

    def _report_passed_over(self, passed_over: Mapping[str, str]) -> None:
        new = [path for path in passed_over if path not in self._passed_over]
        for path in new[:_MOST_PASSED_OVER]:
            log.info("%s is not taken as a bounce: %s", path, passed_over[path])
        if len(new) > _MOST_PASSED_OVER:
            log.info("%d more files are not taken as bounces", len(new) - _MOST_PASSED_OVER)
        self._passed_over = frozenset(passed_over)

    def _fail(self, path: str, signature: Signature, error: StembridgeError, now: float) -> None:
        if isinstance(error, SourceUnreadable):
            self._settling.postpone(path, now + self._report(path, error))
        elif isinstance(error, BounceError):
            self._on_problem(Path(path), error)
            self._done(path, signature)
        else:
            self._hold_back(path, error, now)

    def _report(self, path: str, error: StembridgeError) -> float:
        """Report a problem with a path unless that was done; return the seconds to wait before the next attempt."""
        is_new, wait_s = self._troubles.note(path, error)
        if is_new:
            self._on_problem(Path(path), error)
        return wait_s

    def _accept(self, path: str, arrival: Arrival, now: float) -> None:
        try:
            job = accept(arrival, self._ledger)
        except StembridgeError as error:
            self._hold_back(path, error, now)
            return
        self._done(path, arrival.signature)
        if job is None:
            log.debug("%s: same content as before; no new job", path)
        else:
            log.debug("%s: accepted as job %s, sha256 %.12s...", path, job, arrival.sha256)
            self._on_accepted(job)

    def _handle_answer(self, outcome: Asked | Refused) -> None:
        """Forget a job file that was handled. One that could not be removed must not be taken for a new one."""
        path, signature = outcome.ready.path, outcome.ready.signature
        if isinstance(outcome, Asked):
            self._on_accepted(outcome.job)
        else:
            self._on_problem(Path(path), outcome.error)
        if outcome.removed:
            self._settling.accepted(path, signature)
            self._clear_problem(path)
        else:
            self._keep_job_file(path, signature)

    def _keep_job_file(self, path: str, signature: Signature) -> None:
        self._done(path, signature)
        advice = "Remove it, and give Stembridge the right to write in that folder."
        stays = StorageError(
            f"The job file {path} was handled but cannot be removed.", code="job_file.stays", advice=advice
        )
        self._on_problem(Path(path), stays)
        try:
            self._ledger.remember(Path(path), signature)
        except StembridgeError as error:
            log.warning("the job file %s may be handled again after the next start: %s", path, error)

    def _done(self, path: str, signature: Signature) -> None:
        self.known[path] = signature
        self._settling.accepted(path, signature)
        self._clear_problem(path)

    def _hold_back(self, path: str, error: StembridgeError, now: float) -> None:
        """Hold a bounce back until our own disk or store works again. All that are held back are retried together."""
        self._held_back.add(path)
        if now >= self._retry_at:
            is_new, wait_s = self._troubles.note(_EVERYTHING, error)
            self._retry_at = now + wait_s
            if is_new:
                self._on_problem(Path(path), error)
        self._settling.postpone(path, self._retry_at)

    def _clear_problem(self, path: str) -> None:
        self._troubles.clear(path)
        self._held_back.discard(path)
        if not self._held_back:
            self._troubles.clear(_EVERYTHING)
