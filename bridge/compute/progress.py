"""The channel between a running task and the daemon: two small files, since a callback does not cross processes.

The task writes its progress into one file. The daemon creates the other file, the stop mark, to ask the task to stop;
the task's next report then raises `StopRequested`. This works for every executor whose workers see the same folder,
also on another machine, where a process cannot be killed.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StopRequested
from bridge.files.atomic import write_atomically
from bridge.units import BYTES, Progress, StepProgress

REPORT_EVERY_S = 0.1
"""The shortest time between two reports; between two looks at the stop mark as well."""

_BYTE_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


class FileProgress:
    """A `DetailedProgress` that writes the latest report to a file and stops the task when asked."""

    def __init__(self, path: Path) -> None:
        """`path` is replaced at each report."""
        self._path = path
        self._next = 0.0

    def __call__(self, fraction: float) -> None:
        """Report the finished fraction, 0.0 to 1.0. Raises `StopRequested` if the daemon has asked for it."""
        self.report(StepProgress(fraction))

    def report(self, progress: StepProgress) -> None:
        """Report a fraction with its details. Raises `StopRequested` if the daemon has asked for it."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + REPORT_EVERY_S
        raise_if_stop_requested(self._path)
        try:
            write_atomically(self._path, _to_json(progress).encode(), durable=False)
        except OSError:
            return  # a report is not worth failing the work it describes


def read_progress(path: Path) -> StepProgress:
    """Return the latest report in `path`; a fraction of 0.0 where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return StepProgress(0.0)
    if not isinstance(found, dict):
        found = {"fraction": found}
    return StepProgress(
        fraction=min(1.0, max(0.0, _number(found.get("fraction")) or 0.0)),
        stage=_text(found.get("stage")),
        done=_number(found.get("done")),
        total=_number(found.get("total")),
        unit=_text(found.get("unit")),
    )


def request_stop(path: Path) -> None:
    """Ask the task that reports to `path` to stop. Never fails: a task that cannot be asked is killed."""
    with contextlib.suppress(OSError):
        _stop_mark(path).touch()


def raise_if_stop_requested(path: Path) -> None:
    """Raise `StopRequested` if the task that reports to `path` was asked to stop."""
    if _stop_mark(path).exists():
        raise StopRequested("The task was asked to stop.")


def clear(path: Path) -> None:
    """Remove what an earlier task left: its last report and its stop mark. Raises `OSError`."""
    path.unlink(missing_ok=True)
    _stop_mark(path).unlink(missing_ok=True)


def describe(progress: StepProgress) -> str:
    """Return the stage and the amounts in words: "fetching weights, 120 of 320 MB". Pure."""
    return ", ".join(part for part in (progress.stage, _amounts(progress)) if part)


@dataclass(frozen=True, slots=True)
class Span:
    """A step as a part of the whole job: from `start` to `end`, both 0.0 to 1.0, and what people read meanwhile."""

    start: float
    end: float
    text: str

    def at(self, fraction: float) -> float:
        """Return the progress of the whole job when this fraction of the step is done."""
        return self.start + (self.end - self.start) * fraction

    def part_of(self, whole: Progress) -> Progress:
        """Return the `Progress` of this step alone, which reports to that of the whole job."""
        return lambda fraction: whole(self.at(fraction))

    def describe(self, progress: StepProgress) -> str:
        """Return the text of the step; the task's own stage, where it names one, takes its place."""
        named = StepProgress(
            progress.fraction, progress.stage or self.text, progress.done, progress.total, progress.unit
        )
        return describe(named)


def _amounts(progress: StepProgress) -> str:
    if progress.done is None:
        return ""
    factor, unit = _scale(progress)
    done = f"{progress.done / factor:.0f}"
    of = "" if progress.total is None else f" of {progress.total / factor:.0f}"
    return f"{done}{of} {unit}".rstrip()


def _scale(progress: StepProgress) -> tuple[int, str]:
    if progress.unit != BYTES:
        return 1, progress.unit
    largest = max(progress.done or 0, progress.total or 0)
    return next((scale for scale in _BYTE_UNITS if largest >= scale[0]), (1, BYTES))


def _to_json(progress: StepProgress) -> str:
    details = {name: getattr(progress, name) for name in ("stage", "done", "total", "unit")}
    present = {name: value for name, value in details.items() if value not in ("", None)}
    return json.dumps({"fraction": round(progress.fraction, 4), **present})


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _stop_mark(path: Path) -> Path:
    return path.with_suffix(".stop")
