"""Types that many rooms share: numbers with a unit, the choices of a delivery, and the progress callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NewType

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
