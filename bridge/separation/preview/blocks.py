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
    """How a mix is cut: both lengths are in samples, multiples of the longest window, so that the grid is one."""

    core: int
    margin: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some of the mix with its neighbourhood; silence stands where the mix has not begun or is over."""

    samples: Real
    """(margin + core + margin, channels); overwritten when the next block is asked for."""
    core: slice
    """Where in `samples` the part lies that this block is for."""


def blocks(mix: soundfile.SoundFile, cut: Cut) -> Iterator[Block]:
    """Read the mix block by block, from its first sample. Raises `soundfile.LibsndfileError`."""
    samples = np.zeros((cut.margin + cut.core + cut.margin, mix.channels), np.float32)
    mix.read(out=samples[cut.margin :], fill_value=0.0)
    for start in range(0, mix.frames, cut.core):
        if start:
            samples[: -cut.core] = samples[cut.core :].copy()
            mix.read(out=samples[-cut.core :], fill_value=0.0)
        yield Block(samples, slice(cut.margin, cut.margin + min(cut.core, mix.frames - start)))
