"""The short-time Fourier transform with a Hann window at both ends and three quarters of overlap."""

from __future__ import annotations

import functools
import math

import numpy as np

from bridge.separation.preview.masks import Complex, Real
from bridge.units import Hz

OVERLAP = 4
"""Windows that cover each sample."""

_WINDOW_POWER = 1.5
"""The sum over four overlapping squared Hann windows, a constant (Smith, Spectral Audio Signal Processing, "COLA")."""


def window_size(window_s: float, rate: Hz) -> int:
    """Return the power of two nearest to `window_s` seconds (on a log scale), at least 64 samples."""
    return max(64, 1 << round(math.log2(window_s * rate)))


@functools.cache
def _hann(size: int) -> Real:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def analyse(samples: Real, size: int) -> Complex:
    """Transform (samples,) to (frames, size // 2 + 1); frame k starts at sample k * size / 4, none is padded."""
    hop = size // OVERLAP
    framed = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    return np.fft.rfft(framed * _hann(size)).astype(np.complex64, copy=False)


def synthesise(spectrum: Complex, size: int) -> Real:
    """Overlap and add (frames, bins) to ((frames + 3) * size / 4,) samples.

    The first and the last three quarters of a window are faded, since fewer than four windows reach them.
    """
    hop = size // OVERLAP
    parts = np.fft.irfft(spectrum, size).astype(np.float32, copy=False)
    parts *= _hann(size) / np.float32(_WINDOW_POWER)
    frames = len(parts)
    samples = np.zeros((frames + OVERLAP - 1, hop), np.float32)
    for quarter in range(OVERLAP):
        samples[quarter : quarter + frames] += parts[:, quarter * hop : (quarter + 1) * hop]
    return samples.reshape(-1)
