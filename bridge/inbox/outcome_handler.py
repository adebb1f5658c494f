"""What becomes of a settled file: a job, another wait, or one sentence for the user."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.delivery.naming import song_of
from bridge.errors import BounceError, StembridgeError, StorageError
from bridge.inbox.ingest import admit
from bridge.inbox.ledger import Ledger
from bridge.inbox.options import InboxOptions
from bridge.inbox.outcomes import Asked, Copied, Failed, Gone, NotYet, Outcome, Refused
from bridge.inbox.settling import Settling
from bridge.inbox.spool import SourceUnreadable
from bridge.inbox.troubles import Troubles
from bridge.jobs.arrival import Arrival, Signature

log = logging.getLogger(__name__)

_DOOR = "inbox"
_OURS = ""
"""What troubles of the spool or the ledger are about: every bounce meets them, and one sentence is enough."""

OnAccepted = Callable[[str], None]
OnProblem = Callable[[Path, StembridgeError], None]


class OutcomeHandler:
    """Takes the outcomes of the threads at work, in the inbox's own thread."""

    def __init__(
        self, options: InboxOptions, ledger: Ledger, settling: Settling, on_accepted: OnAccepted, on_problem: OnProblem
    ) -> None:
        self.known: dict[str, Signature] = {}
        """Every path that is dealt with, and with which signature."""
        self._options = options
        self._ledger = ledger
        self._settling = settling
        self._on_accepted = on_accepted
        self._on_problem = on_problem
        self._troubles = Troubles(settling.pace.still_s)
        self._stuck: set[str] = set()
        self._retry_stuck_at = -math.inf
        self._closed_places: frozenset[str] = frozenset()

    def open(self) -> None:
        """Read the ledger's memory. Raises what the ledger raises."""
        self.known = self._ledger.seen()

    def receive(self, outcome: Outcome, now: float) -> None:
        """Act upon one outcome."""
        path, signature = outcome.ready.path, outcome.ready.signature
        match outcome:
            case Copied(copy=copy):
                spec = self._options.spec_for(path)
                source = Path(path)
                song = song_of(source)
                arrival = Arrival(source, copy.path, copy.sha256, copy.signature, song, _DOOR, spec, watched=True)
                self._admit(path, arrival, now)
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
                self._receive_answer(outcome)
            case Failed(error=error):
                self._fail(path, signature, error, now)

    def deny(self, path: str, error: OSError, now: float) -> None:
        """Note that a candidate cannot be looked at just now."""
        self._settling.postpone(path, now + self._tell(path, SourceUnreadable.from_reading(Path(path), error)))

    def forget(self, path: str) -> None:
        """Let go of a path that is gone."""
        self._settling.forget(path)
        self._settle_trouble(path)

    def retry(self, now: float) -> None:
        """Try again at once what failed."""
        self._retry_stuck_at = now
        for path in (*self._stuck, *self._troubles.subjects()):
            self._settling.postpone(path, now)

    def miss_inbox(self, folder: Path, error: OSError) -> None:
        """Note that the inbox cannot be looked at: its share is gone, or somebody removed it."""
        self._tell(
            str(folder),
            StorageError(
                f"The inbox {folder} cannot be looked at: {error.strerror or error}.",
                code="inbox.gone",
                advice="Connect its disk or make the folder again; Stembridge goes on by itself.",
            ),
        )

    def find_inbox(self, denied: Sequence[tuple[str, OSError]]) -> None:
        """Note that the inbox was looked at, but for some places in it."""
        if self._troubles.over(str(self._options.folder)):
            log.info("the inbox %s is there again", self._options.folder)
        closed = dict(denied)
        for path in self._closed_places - closed.keys():
            self._troubles.over(path)
        for path, error in closed.items():
            self._tell(path, SourceUnreadable.from_reading(Path(path), error))
        self._closed_places = frozenset(closed)

    def _fail(self, path: str, signature: Signature, error: StembridgeError, now: float) -> None:
        if isinstance(error, SourceUnreadable):
            self._settling.postpone(path, now + self._tell(path, error))
        elif isinstance(error, BounceError):
            self._on_problem(Path(path), error)
            self._done(path, signature)
        else:
            self._stick(path, error, now)

    def _tell(self, path: str, error: StembridgeError) -> float:
        """Tell of a lasting trouble with a path unless that was done; return the seconds to wait."""
        news, wait_s = self._troubles.meet(path, error)
        if news:
            self._on_problem(Path(path), error)
        return wait_s

    def _admit(self, path: str, arrival: Arrival, now: float) -> None:
        try:
            job = admit(arrival, self._ledger)
        except StembridgeError as error:
            self._stick(path, error, now)
            return
        self._done(path, arrival.signature)
        if job is None:
            log.debug("%s: same content as before; no new job", path)
        else:
            log.debug("%s: accepted as job %s, sha256 %.12s...", path, job, arrival.sha256)
            self._on_accepted(job)

    def _receive_answer(self, outcome: Asked | Refused) -> None:
        """Let go of a job file that was dealt with; one that is still there must not be taken for a new one."""
        path, signature = outcome.ready.path, outcome.ready.signature
        if isinstance(outcome, Asked):
            self._on_accepted(outcome.job)
        else:
            self._on_problem(Path(path), outcome.error)
        if outcome.removed:
            self._settling.accepted(path, signature)
            self._settle_trouble(path)
        else:
            self._leave(path, signature)

    def _leave(self, path: str, signature: Signature) -> None:
        self._done(path, signature)
        advice = "Remove it, and let Stembridge write in that folder."
        stays = StorageError(
            f"The job file {path} was dealt with, but it stays where it is.", code="job_file.stays", advice=advice
        )
        self._on_problem(Path(path), stays)
        try:
            self._ledger.remember(Path(path), signature)
        except StembridgeError as error:
            log.warning("%s may be taken again after the next start: %s", path, error)

    def _done(self, path: str, signature: Signature) -> None:
        self.known[path] = signature
        self._settling.accepted(path, signature)
        self._settle_trouble(path)

    def _stick(self, path: str, error: StembridgeError, now: float) -> None:
        """Hold a bounce back until our own disk or store works again. All that are stuck are tried together."""
        self._stuck.add(path)
        if now >= self._retry_stuck_at:
            news, wait_s = self._troubles.meet(_OURS, error)
            self._retry_stuck_at = now + wait_s
            if news:
                self._on_problem(Path(path), error)
        self._settling.postpone(path, self._retry_stuck_at)

    def _settle_trouble(self, path: str) -> None:
        self._troubles.over(path)
        self._stuck.discard(path)
        if not self._stuck:
            self._troubles.over(_OURS)
