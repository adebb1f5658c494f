"""Overlapping blocks of a mix.

Every block lies on one grid of frames counted from the mix's first sample, and carries enough of its neighbourhood
that its core comes out the same whichever block it falls into: so the seams cannot be heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile

from bridge.separation.preview.masks import Real


@dataclass(frozen=True, slots=True)
class Cut:
    """How a mix is cut. Both lengths are in samples, multiples of the longest window."""

    core: int
    margin: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some of the mix with its neighbourhood; silence stands where the mix has not begun or is over."""

    samples: Real
    """(margin + core + margin, channels)"""
    margin: int
    count: int
    """Samples of the core that belong to the mix: less than the core only in the last block."""

    @property
    def core(self) -> slice:
        """Where the part lies that this block is for."""
        return slice(self.margin, self.margin + self.count)


def blocks(mix: soundfile.SoundFile, cut: Cut) -> Iterator[Block]:
    """Read the mix block by block."""
    for start in range(0, mix.frames, cut.core):
        first, last = start - cut.margin, start + cut.core + cut.margin
        samples = np.zeros((last - first, mix.channels), np.float32)
        mix.seek(max(first, 0))
        found = mix.read(min(last, mix.frames) - max(first, 0), dtype="float32", always_2d=True)
        samples[max(-first, 0) :][: len(found)] = found
        yield Block(samples, cut.margin, min(cut.core, mix.frames - start))
