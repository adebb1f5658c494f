"""The table of `stembridge jobs`: one job per line, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from bridge.cli.common import local_time
from bridge.cli.layout import fitted, shortened_path
from bridge.daemon.plain import one_line
from bridge.jobs.job import Job
from bridge.jobs.states import WORKING, State

_SHORTEST_SONG, _LONGEST_SONG = 12, 40
_LEAST_DETAIL = 20
"""A folder or message with less room than this goes on a line of its own."""


def job_table(jobs: Sequence[Job], width: int | None) -> Iterator[str]:
    """Yield the lines for these jobs; with a width in terminal cells none is longer, with None nothing is cut."""
    rows = [_cells(job) for job in jobs]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(5)]
    song = widths[2] if width is None else min(widths[2], _LONGEST_SONG)
    if width is not None:
        others = sum(widths) - widths[2] + 2 * 4
        song = min(song, max(_SHORTEST_SONG, width - others))
    widths[2] = song
    for row, job in zip(rows, jobs, strict=True):
        line = "  ".join(fitted(cell, wide) for cell, wide in zip(row, widths, strict=True))
        yield from _with_detail(line, one_line(_detail(job)), width)


def _with_detail(line: str, detail: str, width: int | None) -> Iterator[str]:
    if width is None:
        yield f"{line}  {detail}".rstrip()
        return
    room = width - cell_len(line) - 2
    if not detail or cell_len(detail) <= room:
        yield fitted(f"{line}  {detail}".rstrip(), width).rstrip()
    elif room >= _LEAST_DETAIL:
        yield f"{line}  {shortened_path(detail, room)}"
    else:
        yield fitted(line.rstrip(), width).rstrip()
        yield "    " + shortened_path(detail, max(1, width - 4))


def _cells(job: Job) -> list[str]:
    state = f"{job.state} {job.progress:.0%}" if job.state in WORKING else str(job.state)
    bill = f", {job.minutes} min" if job.minutes else ""
    model = f"{job.spec.model} {job.spec.preset or job.spec.engine}{bill}"
    return [job.id, local_time(job.created)[:16], one_line(job.song), state, one_line(model)]


def _detail(job: Job) -> str:
    if job.failure:
        return job.failure.message
    return str(job.folder) if job.state is State.DELIVERED else job.step
