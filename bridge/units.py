"""Types that many rooms share: numbers with a unit, the choices of a delivery, and the progress of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NewType, Protocol, runtime_checkable

Hz = NewType("Hz", int)
"""A sample rate, in samples per second."""

Frames = NewType("Frames", int)
"""A count of sample frames: one frame holds one sample of every channel."""

Seconds = NewType("Seconds", float)

Db = NewType("Db", float)
"""A gain or a ratio of levels, in decibels (20 log10)."""

DbTp = NewType("DbTp", float)
"""A true peak, in decibels relative to full scale (ITU-R BS.1770-5, annex 2)."""

Lufs = NewType("Lufs", float)
"""A gated programme loudness (ITU-R BS.1770-5, annex 1)."""

NormaliseMode = Literal["song", "stem", "none"]
StemFormat = Literal["wav", "flac"]
Depth = Literal["16", "24", "32f"]
ListeningCopy = Literal["", "mp3", "m4a"]
Rebounce = Literal["take", "replace"]
ProjectKind = Literal["rpp", "rtracktemplate", "dawproject", "dawproject-embedded"]

Progress = Callable[[float], None]
"""Called with the finished part of a step, 0.0 to 1.0, never falling."""


def no_progress(_fraction: float) -> None:
    """A `Progress` for callers that do not watch."""


BYTES = "bytes"
"""The `StepProgress.unit` that is shown as kB, MB or GB."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a step is: the finished fraction, 0.0 to 1.0, and details where they are known."""

    fraction: float
    stage: str = ""
    """What is being done, in words: "fetching weights". "" where the step has only one stage."""
    done: float | None = None
    total: float | None = None
    """`done` of `total`, both in `unit`; None where unknown."""
    unit: str = ""


@runtime_checkable
class DetailedProgress(Protocol):
    """A `Progress` that also takes details."""

    def __call__(self, fraction: float) -> None:
        """Take the finished fraction."""
        ...

    def report(self, progress: StepProgress) -> None:
        """Take the finished fraction and its details."""
        ...


def report(progress: Progress, step: StepProgress) -> None:
    """Report the details to a `progress` that takes them, the fraction alone to any other."""
    if isinstance(progress, DetailedProgress):
        progress.report(step)
    else:
        progress(step.fraction)
