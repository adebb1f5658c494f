"""The decoded mix as every step knows it. Without numpy, since the daemon handles it too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.units import Frames, Hz


@dataclass(frozen=True, slots=True)
class Canonical:
    """A bounce decoded once: the reference of rate, channels and length for all that follows.

    `repairs` says in sentences what was wrong with the samples and was mended.
    """

    path: Path
    sample_rate: Hz
    channels: int
    frames: Frames
    repairs: tuple[str, ...] = ()
