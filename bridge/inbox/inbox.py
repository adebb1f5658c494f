"""The inbox's main thread: it scans, waits until files settle, has them copied, and makes jobs of them.

All decisions are made here, in one thread. The file events and the worker threads only post messages to it. It sleeps
until the next scan, the next file that is due for a check, or a message.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StembridgeError
from bridge.inbox.filters import is_bounce_name, is_job_file_name
from bridge.inbox.first_look import FirstLook
from bridge.inbox.hands import Hands, KeepGoing
from bridge.inbox.ingest import COPIERS, Ledger, copy_settled
from bridge.inbox.job_file_handler import JobFileHandler, OnRequest
from bridge.inbox.options import InboxOptions
from bridge.inbox.outcome_handler import OnAccepted, OnProblem, OutcomeHandler
from bridge.inbox.outcomes import Outcome
from bridge.inbox.scan_schedule import ScanSchedule
from bridge.inbox.settling import Instant, Ready, Settling, was_suspended
from bridge.inbox.spool import sweep
from bridge.jobs.arrival import Signature

log = logging.getLogger(__name__)

_STOP_S = 0.9


@dataclass(frozen=True, slots=True)
class _Closed:
    """A file event: a program that wrote to this file has closed it."""

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
        """Call `on_accepted(job id)` and `on_problem(path, error)` from the inbox's main thread.

        `on_request(path, preset)` makes the job that a job file asks for; a second thread calls it for one file after
        the other. Without it job files are ignored.

        Raises ConfigError where the inbox is also the output or the state folder.
        """
        self._folder = options.folder
        self._spool = spool
        self._allowed = (options.folder, *options.allowed)
        self._clock = clock
        self._schedule = ScanSchedule(options, clock, self._on_hint, self._on_close)
        self._settling = Settling(self._schedule.pace)
        self._outcomes = OutcomeHandler(options, ledger, self._settling, on_accepted, on_problem)
        self._first_look = FirstLook(options, ledger)
        self._first_look_due = False
        self._copiers = Hands("inbox-copy", COPIERS, self._copy, self._post)
        self._job_files = (
            None if on_request is None else Hands("inbox-request", 1, JobFileHandler(on_request).handle, self._post)
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
        """Make the inbox if it is missing and begin to watch it. The caller holds the lock of the state folder.

        Raises what the ledger raises.
        """
        with contextlib.suppress(OSError):
            # Where this fails the first scan reports it. Later it is never made: a share may only be unmounted.
            self._folder.mkdir(parents=True, exist_ok=True)
        sweep(self._spool)
        self._outcomes.open()
        self._first_look_due = self._first_look.is_due(self._outcomes.known)
        self._copiers.start()
        if self._job_files is not None:
            self._job_files.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second. What is not accepted by then is found again after the next start."""
        self._stopping.set()
        self._copiers.stop()
        if self._job_files is not None:
            self._job_files.stop()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def wake(self) -> None:
        """Scan now, and retry what failed."""
        self._woken = True
        self._bell.set()

    def _copy(self, ready: Ready, keep_going: KeepGoing) -> Outcome:
        return copy_settled(ready, str(self._folder), self._allowed, self._spool, keep_going)

    def _post(self, message: _Closed | Outcome) -> None:
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
                self._post(_Closed(path, signature, self._clock()))

    def _run(self) -> None:
        try:
            while self._keep_going():
                self._handle_messages()
                if self._schedule.scan_at <= self._clock():
                    self._scan()
                self._check_due()
                self._sleep()
        finally:
            self._schedule.close()

    def _keep_going(self) -> bool:
        return not self._stopping.is_set()

    def _handle_messages(self) -> None:
        """Handle what the other threads have posted."""
        while self._messages and self._keep_going():
            message = self._messages.popleft()
            if isinstance(message, _Closed):
                self._closes.append(message)
            else:
                self._at_work.discard(message.ready.path)
                self._outcomes.handle(message, self._clock())
        if self._hinted:
            # Cleared before the scan is planned: a hint that comes later causes another scan.
            self._hinted = False
            self._schedule.hint()
        if self._woken:
            self._woken = False
            self._schedule.scan_now()
            self._outcomes.retry(self._clock())

    def _scan(self) -> None:
        try:
            findings = self._schedule.scan(self._outcomes.known, self._keep_going)
        except OSError as error:
            self._outcomes.report_unreachable(self._folder, error)
            return
        self._settling.pace = self._schedule.pace
        self._outcomes.note_scan(findings)
        now = self._clock()
        for path, signature in self._to_take(findings.fresh):
            if path not in self._settling:
                log.debug("%s: new or changed, %d bytes; waiting until it stands still", path, signature.size)
            self._settling.see(path, signature, now)
        if self._job_files is not None:
            for path, signature in findings.requests:
                self._settling.see(path, signature, now, at_once=True)
        # Only a scan tells which of the closed files can be bounces.
        for close in self._closes:
            if close.path in self._settling:
                log.debug("%s: closed by its writer", close.path)
                self._settling.close(close.path, close.signature, close.at)
        self._closes.clear()

    def _to_take(self, fresh: Sequence[tuple[str, Signature]]) -> Sequence[tuple[str, Signature]]:
        if not self._first_look_due:
            return fresh
        try:
            taken = self._first_look.take(fresh, self._outcomes.known, time.time())
        except StembridgeError as error:
            log.warning("%s %s", error, error.advice)
            return ()  # the next scan looks again
        self._first_look_due = False
        return taken

    def _check_due(self) -> None:
        """Check each candidate that is due, and have those copied that have settled."""
        now = self._clock()
        for path in self._settling.take_due(now):
            if path in self._at_work:
                self._settling.postpone(path, now + self._settling.pace.closed_s)
                continue
            try:
                status = os.stat(path)  # noqa: PTH116 - the path stays as the disk spells it
            except (FileNotFoundError, NotADirectoryError):
                self._outcomes.forget(path)
                continue
            except OSError as error:
                self._outcomes.note_unreadable(path, error, now)
                continue
            if not stat.S_ISREG(status.st_mode):
                self._outcomes.forget(path)
                continue
            ready = self._settling.check(path, Signature.of(status), now)
            if ready is None:
                log.debug("%s: still changing or incomplete at %d bytes; waiting", path, status.st_size)
            else:
                self._at_work.add(path)
                self._submit(ready)

    def _submit(self, ready: Ready) -> None:
        log.debug("%s: has settled%s; reading it", ready.path, " (out of patience)" if ready.insist else "")
        if self._job_files is not None and is_job_file_name(Path(ready.path).name):
            self._job_files.submit(ready)
        else:
            self._copiers.submit(ready)

    def _sleep(self) -> None:
        """Wait for a message, the next scan or the next check."""
        before = Instant(self._clock(), time.time())
        planned_s = max(0.0, min(self._schedule.scan_at, self._settling.next_due()) - before.monotonic)
        self._bell.wait(planned_s)
        self._bell.clear()
        if was_suspended(before, Instant(self._clock(), time.time()), planned_s):
            self._settling.restart(self._clock())
            self._schedule.scan_now()
