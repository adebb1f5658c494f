"""What a spectrum shows at each frame and bin: how loud, how much in the middle, how steady."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.separation.preview import medians
from bridge.separation.preview.masks import Real, Spectrum

TINY = 1e-12
"""Added to every power, so that silence divides; about -170 dB below full scale."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What the rules look at. All arrays are (frames, bins), but `hz`, which is (bins,)."""

    magnitude: Real
    """Of both sides together."""
    centred: Real
    """1 where both sides are alike, 0 where they have nothing in common or only one of them sounds."""
    hz: Real


def cues(spectrum: Spectrum) -> Cues:
    """Look at a spectrum."""
    left, right = spectrum.left, spectrum.right
    power = left.real**2 + left.imag**2 + right.real**2 + right.imag**2 + np.float32(TINY)
    shared = 2 * (left.real * right.real + left.imag * right.imag)
    hz = np.arange(left.shape[1], dtype=np.float32) * np.float32(spectrum.bin_hz)
    return Cues(np.sqrt(power), np.clip(_around(shared) / _around(power), 0, 1), hz)


def moving(magnitude: Real, span_s: float, hop_s: float) -> Real:
    """Return 0 where a bin is no louder than usual around this frame, towards 1 the more it stands out."""
    steady = medians.along_time(magnitude, medians.spacing(span_s, hop_s))
    excess: Real = np.clip(1 - steady / magnitude, 0, 1)
    return excess


def below(hz: Real, edge_hz: float, width_hz: float) -> Real:
    """Return 1 well below the edge, 0 well above, one half on it."""
    return soft((edge_hz - hz) * np.float32(4 / width_hz))


def above(hz: Real, from_hz: float, to_hz: float) -> Real:
    """Return 0 up to `from_hz`, 1 beyond `to_hz`, straight between."""
    slope: Real = np.clip((hz - from_hz) / (to_hz - from_hz), 0, 1)
    return slope


def soft(cells: Real) -> Real:
    """Return the logistic function, without overflow."""
    share: Real = 1 / (1 + np.exp(-np.clip(cells, -30, 30)))
    return share


def _around(cells: Real) -> Real:
    """Sum three frames by three bins."""
    padded = np.pad(cells, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
