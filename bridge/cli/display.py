"""Shows jobs on the terminal: a progress bar for each one under way, a line for each change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TaskProgressColumn, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn
from rich.table import Column, Table

from bridge.cli.common import local_time, receipt_of
from bridge.cli.layout import bar_widths
from bridge.daemon.log import CHANGES, is_verbose
from bridge.daemon.plain import one_line
from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, PARKED, WORKING, State
from bridge.pipeline.remote import NEWS


class JobDisplay:
    """A context manager that shows each job given to it; where the output is no terminal, plain lines only."""

    def __init__(self, *, quiet: bool = False, retries: bool = False) -> None:
        """With `quiet` everything goes to standard error, so that standard output is left to others.

        `retries` says whether this process stays to try failed jobs again.
        """
        self._console = Console(stderr=quiet, highlight=False, soft_wrap=True)
        self._progress = _Bars(self._console)
        self._quiet = quiet
        self._retries = retries
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

    def say(self, *lines: str) -> None:
        """Print lines, above the bars."""
        for line in lines:
            self._console.print(escape(one_line(line)))

    def show(self, job: Job) -> None:
        """Show a job as it stands now. May be called from any thread, any number of times."""
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
            self._bars[job.id] = bar = self._progress.add_task("", total=1.0, song=one_line(job.song))
        self._progress.update(bar, completed=job.progress, description=one_line(job.step))

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
            self._print_failure(job)
        elif job.state is State.DELIVERED:
            receipt = receipt_of(job)
            names = ", ".join(stem.name for stem in receipt.stems) if receipt else "stems"
            self.say(f"{job.song}: {names} delivered", f"  {job.folder}")
        elif self._progress.disable or job.state is State.SEPARATING:  # else the bar says it
            self.say(f"{job.song}: {job.state}")

    def _print_failure(self, job: Job) -> None:
        failure = job.failure
        assert failure is not None
        what = f"waits for you ({str(job.state).replace('_', ' ')})" if job.state in PARKED else "failed"
        self.say(f"{job.song}: {what}: {failure.message}", *([f"  {failure.advice}"] if failure.advice else []))
        if failure.retry_at and self._retries:
            self.say(f"  Next try at {local_time(failure.retry_at)}.")
        elif failure.retryable or job.state in PARKED:
            self.say(f"  To try again: stembridge retry {job.id}")


class _Bars(Progress):
    """Progress bars that fit the terminal: bar, percentage and time left stay, step and song are shortened."""

    def __init__(self, console: Console) -> None:
        self._terminal = console  # the base class draws the table before it has a console
        super().__init__(console=console, transient=True, disable=not console.is_terminal)

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """Return one row per job. Widths are worked out anew each time: a terminal may be resized."""
        shown = [task for task in tasks if task.visible]
        longest_song = max((cell_len(str(task.fields["song"])) for task in shown), default=0)
        longest_step = max((cell_len(task.description) for task in shown), default=0)
        widths = bar_widths(self._terminal.width, longest_song, longest_step)
        columns = _columns(widths.song, widths.bar, widths.step)
        table = Table.grid(*(column.get_table_column() for column in columns), padding=(0, 1))
        for task in shown:
            table.add_row(*(column(task) for column in columns))
        return table


def _columns(song: int, bar: int, step: int) -> list[ProgressColumn]:
    def text(field: str, width: int) -> TextColumn:
        column = Column(width=width, no_wrap=True, overflow="ellipsis")
        return TextColumn(field, markup=False, table_column=column)

    columns: list[ProgressColumn] = [text("{task.fields[song]}", song), BarColumn(bar), TaskProgressColumn()]
    if step:
        columns.append(text("{task.description}", step))
    return [*columns, TimeLeftColumn(compact=True)]


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
    """Shows warnings and news of the cloud (prices, waits) on the display, which shows changes of jobs itself."""

    def __init__(self, display: JobDisplay) -> None:
        super().__init__(logging.INFO)
        self._display = display
        self.addFilter(_is_for_people)

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record. A traceback stays in the log file."""
        self._display.say(record.getMessage())


def _is_for_people(record: logging.LogRecord) -> bool:
    if is_verbose():  # then it is on stderr already
        return False
    return record.name == NEWS or (record.levelno >= logging.WARNING and record.name != CHANGES)
