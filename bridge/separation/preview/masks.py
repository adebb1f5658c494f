"""The inner seam of the preview: what looks at a spectrum and decides how much of it belongs to each stem.

A back end is a row of passes. Each pass names its window, sees the spectrum of what the passes before it have left
over, and gives masks for the stems it takes out; what no pass takes is "other". The rules use three passes, each at
the window that suits its stem; a learned mask would be one pass that gives all its masks at once.

To add a back end: write a module with classes that fit `MaskPass`, and give a tuple of them to `PreviewEngine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.units import Hz

Real = NDArray[np.floating[Any]]
"""Numbers in single precision, if not by type (numpy's stubs widen them) then in fact."""

Complex = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A stereo short-time spectrum; a mono mix has both sides alike."""

    left: Complex
    """(frames, bins)"""
    right: Complex
    """(frames, bins)"""
    rate: Hz
    hop: int
    """Samples from one frame to the next."""

    @property
    def bin_hz(self) -> float:
        """The distance of two bins, in Hz."""
        bins: int = self.left.shape[1]
        return self.rate / (2 * (bins - 1))

    @property
    def hop_s(self) -> float:
        """The distance of two frames, in seconds."""
        return self.hop / self.rate


class MaskPass(Protocol):
    """One look at the mix."""

    window_s: float
    """The window's length in seconds; the nearest power of two in samples is taken."""

    reach_s: float
    """How far from a frame, in seconds, the mix may still change that frame's masks."""

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return a mask (frames, bins) for each stem this pass takes out: each within 0..1, their sum too."""
