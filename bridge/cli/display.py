"""Jobs on the terminal: a progress bar for those under way, a line for what has happened."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bridge.cli.common import receipt_of
from bridge.daemon.log import CHANGES, is_verbose
from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, WORKING, State
from bridge.pipeline.remote import NEWS


class JobDisplay:
    """A context manager that shows each job given to it; where the output is no terminal, plain lines only."""

    def __init__(self, *, quiet: bool = False) -> None:
        """With `quiet` everything goes to standard error, so that standard output is left to others."""
        self._console = Console(stderr=quiet, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.fields[song]}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._quiet = quiet
        self._lock = threading.Lock()
        self._bars: dict[str, TaskID] = {}
        self._states: dict[str, State] = {}

    def __enter__(self) -> JobDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line, above the bars."""
        self._progress.console.print(escape(text))

    def show(self, job: Job) -> None:
        """Show a job as it stands now. May be called from any thread, as often as one likes."""
        with self._lock:
            if job.state in WORKING:
                self._move_bar(job)
            if self._states.get(job.id) is not job.state:
                self._states[job.id] = job.state
                if job.state in FINAL:
                    self._remove_bar(job)
                if not self._quiet:
                    self._print_change(job)

    def _move_bar(self, job: Job) -> None:
        bar = self._bars.get(job.id)
        if bar is None:
            self._bars[job.id] = bar = self._progress.add_task("", total=1.0, song=escape(job.song))
        self._progress.update(bar, completed=job.progress, description=escape(job.step))

    def _remove_bar(self, job: Job) -> None:
        bar = self._bars.pop(job.id, None)
        if bar is not None:
            self._progress.remove_task(bar)

    def _print_change(self, job: Job) -> None:
        if job.state is State.QUEUED:
            self.say(f"{job.song}: accepted as job {job.id}")
        elif job.state is State.CANCELLED:
            self.say(f"{job.song}: cancelled")
        elif job.failure:
            self.say(f"{job.song}: failed: {job.failure.message}\n  {job.failure.advice}".rstrip())
        elif job.state is State.DELIVERED:
            receipt = receipt_of(job)
            names = ", ".join(stem.name for stem in receipt.stems) if receipt else "stems"
            self.say(f"{job.song}: {names} delivered\n  {job.folder}")
        elif not self._progress.disable and job.state is not State.SEPARATING:
            return  # the bar says it
        else:
            self.say(f"{job.song}: {job.state}")


@contextmanager
def shown(display: JobDisplay) -> Iterator[None]:
    """Show on the display what is logged meanwhile and meant for people."""
    handler = _TerminalLog(display)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


class _TerminalLog(logging.Handler):
    """Shows warnings on the display, and news of the service: prices, waits. Changes of jobs it shows by itself."""

    def __init__(self, display: JobDisplay) -> None:
        super().__init__(logging.INFO)
        self._display = display
        self.addFilter(
            lambda record: (
                not is_verbose()
                and (record.name == NEWS or (record.levelno >= logging.WARNING and record.name != CHANGES))
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record. A traceback stays in the log file."""
        self._display.say(record.getMessage())
