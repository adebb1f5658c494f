"""How the published RoFormers cut the bins of a spectrum into bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bins = list[NDArray[np.int64]]

LINEAR = (2,) * 24 + (4,) * 12 + (12,) * 8 + (24,) * 8 + (48,) * 8 + (128, 129)
"""Bins of each band of the BS-RoFormers with an STFT of 2048, from the lowest on."""

_LINEAR_MEL_HZ, _LINEAR_MELS = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27.0


def linear(counts: tuple[int, ...] = LINEAR) -> Bins:
    """Return the bins of bands that lie side by side."""
    ends = np.cumsum(counts)
    return [np.arange(end - count, end) for end, count in zip(ends, counts, strict=True)]


def mel(count: int = 60, n_fft: int = 2048, rate: int = 44_100) -> Bins:
    """Return the bins of overlapping mel bands: those that a triangular filter of Slaney's scale does not ignore.

    The lowest bin always belongs to the first band, the highest to the last: the edges of the filters are zero there.
    """
    edges = _hz(np.linspace(0.0, _mels(rate / 2), count + 2))
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    found = [np.flatnonzero((bins > low) & (bins < high)) for low, high in zip(edges, edges[2:], strict=False)]
    found[0] = np.union1d([0], found[0])
    found[-1] = np.union1d(found[-1], [n_fft // 2])
    return found


def _mels(hz: float) -> float:
    return float(_LINEAR_MELS + np.log(hz / _LINEAR_MEL_HZ) / _LOG_STEP)  # above 1 kHz, as every upper edge is


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert Slaney's mel scale: linear up to 1 kHz, logarithmic above."""
    low = mels * _LINEAR_MEL_HZ / _LINEAR_MELS
    high = _LINEAR_MEL_HZ * np.exp(_LOG_STEP * (mels - _LINEAR_MELS))
    return np.where(mels < _LINEAR_MELS, low, high)
