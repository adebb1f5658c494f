"""The inbox's own thread: it scans, waits until files settle, has them copied, and makes jobs of them.

Everything is decided here, in one thread; the watch and the threads at work only leave messages. The thread sleeps
until the next scan, the next file that is due, or a message.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.inbox.copiers import COPIERS, copy_settled
from bridge.inbox.filters import is_bounce_name, is_job_file_name
from bridge.inbox.hands import Hands
from bridge.inbox.job_file_handler import JobFileHandler, OnRequest
from bridge.inbox.ledger import Ledger
from bridge.inbox.options import InboxOptions
from bridge.inbox.outcome_handler import OnAccepted, OnProblem, OutcomeHandler
from bridge.inbox.outcomes import Outcome
from bridge.inbox.scan_schedule import ScanSchedule
from bridge.inbox.settling import Ready, Settling
from bridge.inbox.spool import sweep
from bridge.inbox.suspend import Instant, slept
from bridge.jobs.arrival import Signature

log = logging.getLogger(__name__)

_STOP_S = 0.9


@dataclass(frozen=True, slots=True)
class _Closed:
    """A writer closed this file."""

    path: str
    signature: Signature
    at: float


class Inbox:
    """Watches one folder from `start` to `stop`."""

    def __init__(
        self,
        options: InboxOptions,
        ledger: Ledger,
        spool: Path,
        *,
        on_accepted: OnAccepted,
        on_problem: OnProblem,
        on_request: OnRequest | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call `on_accepted(job id)` and `on_problem(path, error)` from the inbox's thread.

        `on_request(path, preset)` makes the jobs that job files ask for; it is called from a thread of its own, for
        one after the other. Without it job files are left alone.

        Raises ConfigError where the inbox is also a folder of ours.
        """
        self._folder = options.folder
        self._spool = spool
        self._clock = clock
        self._lookout = ScanSchedule(options, clock, self._on_hint, self._on_close)
        self._settling = Settling(self._lookout.pace)
        self._reception = OutcomeHandler(options, ledger, self._settling, on_accepted, on_problem)
        self._copiers = Hands(
            "inbox-copy", COPIERS, lambda ready, keep_going: copy_settled(ready, spool, keep_going), self._tell
        )
        self._clerk = (
            None if on_request is None else Hands("inbox-request", 1, JobFileHandler(on_request).deal, self._tell)
        )
        self._messages: deque[_Closed | Outcome] = deque()
        self._closes: list[_Closed] = []
        self._at_work: set[str] = set()
        self._hinted = False
        self._woken = False
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        """Make the inbox if it is missing and begin to watch. Only under the state folder's lock.

        Raises what the ledger raises.
        """
        with contextlib.suppress(OSError):
            # If it cannot be made, the first scan tells so. Later it is never made: a share may be unmounted.
            self._folder.mkdir(parents=True, exist_ok=True)
        sweep(self._spool)
        self._reception.open()
        self._copiers.start()
        if self._clerk is not None:
            self._clerk.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second. What is not accepted by then is found again by the next start."""
        self._stopping.set()
        self._copiers.stop()
        if self._clerk is not None:
            self._clerk.stop()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def wake(self) -> None:
        """Look now, and try again what failed."""
        self._woken = True
        self._bell.set()

    def _tell(self, message: _Closed | Outcome) -> None:
        self._messages.append(message)
        self._bell.set()

    def _on_hint(self) -> None:
        if not self._hinted:
            self._hinted = True
            self._bell.set()

    def _on_close(self, path: str) -> None:
        if is_bounce_name(Path(path).name):
            with contextlib.suppress(OSError):
                signature = Signature.of(os.stat(path))  # noqa: PTH116 - the path stays as the disk spells it
                self._tell(_Closed(path, signature, self._clock()))

    def _run(self) -> None:
        try:
            while self._keep_going():
                self._hear()
                if self._lookout.scan_at <= self._clock():
                    self._scan()
                self._look()
                self._sleep()
        finally:
            self._lookout.close()

    def _keep_going(self) -> bool:
        return not self._stopping.is_set()

    def _hear(self) -> None:
        """Take in what the other threads have said."""
        while self._messages and self._keep_going():
            message = self._messages.popleft()
            if isinstance(message, _Closed):
                self._closes.append(message)
            else:
                self._at_work.discard(message.ready.path)
                self._reception.receive(message, self._clock())
        if self._hinted:
            # Cleared before the scan is planned: a hint that comes later causes another scan.
            self._hinted = False
            self._lookout.hint()
        if self._woken:
            self._woken = False
            self._lookout.hurry()
            self._reception.retry(self._clock())

    def _scan(self) -> None:
        try:
            findings = self._lookout.scan(self._reception.known, self._keep_going)
        except OSError as error:
            self._reception.miss_inbox(self._folder, error)
            return
        self._settling.pace = self._lookout.pace
        self._reception.find_inbox(findings.denied)
        now = self._clock()
        for path, signature in findings.fresh:
            if path not in self._settling:
                log.debug("%s: new or changed, %d bytes; waiting until it stands still", path, signature.size)
            self._settling.see(path, signature, now)
        if self._clerk is not None:
            for path, signature in findings.requests:
                self._settling.see(path, signature, now, at_once=True)
        # Closes wait for a scan to show which of the files are bounces at all.
        for close in self._closes:
            if close.path in self._settling:
                log.debug("%s: closed by its writer", close.path)
                self._settling.close(close.path, close.signature, close.at)
        self._closes.clear()

    def _look(self) -> None:
        """Look at each candidate that is due, and have those copied that have settled."""
        now = self._clock()
        for path in self._settling.take_due(now):
            if path in self._at_work:
                self._settling.postpone(path, now + self._settling.pace.closed_s)
                continue
            try:
                status = os.stat(path)  # noqa: PTH116 - the path stays as the disk spells it
            except (FileNotFoundError, NotADirectoryError):
                self._reception.forget(path)
                continue
            except OSError as error:
                self._reception.deny(path, error, now)
                continue
            if not stat.S_ISREG(status.st_mode):
                self._reception.forget(path)
                continue
            ready = self._settling.look(path, Signature.of(status), now)
            if ready is None:
                log.debug("%s: still changing or incomplete at %d bytes; waiting", path, status.st_size)
            else:
                self._at_work.add(path)
                self._pass_on(ready)

    def _pass_on(self, ready: Ready) -> None:
        log.debug("%s: has settled%s; reading it", ready.path, " (out of patience)" if ready.insist else "")
        if self._clerk is not None and is_job_file_name(Path(ready.path).name):
            self._clerk.submit(ready)
        else:
            self._copiers.submit(ready)

    def _sleep(self) -> None:
        """Wait for a message or the next due time."""
        before = Instant(self._clock(), time.time())
        planned_s = max(0.0, min(self._lookout.scan_at, self._settling.next_due()) - before.monotonic)
        self._bell.wait(planned_s)
        self._bell.clear()
        if slept(before, Instant(self._clock(), time.time()), planned_s):
            self._settling.restart(self._clock())
            self._lookout.hurry()
