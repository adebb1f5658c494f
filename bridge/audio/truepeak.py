"""True peak: ITU-R BS.1770-5, annex 2, by fourfold oversampling with a windowed sinc of 48 taps a phase.

The interpolation is one matrix product per row of samples. A row is left out where even the worst waveform with its
sample peak could not pass the peak already found, which saves most of the work without changing the result.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from bridge.audio.kweighting import Samples
from bridge.units import DbTp

_PHASES = (0.25, 0.5, 0.75)
_TAPS = 48
_ROW = 16
_ROWS = 64
"""Rows in one product: OpenBLAS keeps products of this size in the calling thread, where they are cheapest."""
SEGMENT = _ROW * _ROWS
HISTORY = 64
_AT_ONCE = 32
"""Segments in one step: what it makes stays in the processor's cache."""
_KAISER_BETA = 6.0


class TruePeak:
    """Measures a stream of blocks of shape [channels, frames], each with the `HISTORY` frames before it."""

    def __init__(self) -> None:
        self._interpolate, self._worst = _interpolation()
        self._peak = 0.0

    def measure(self, block: Samples) -> None:
        """Measure one more block of shape [channels, `HISTORY` + a multiple of `SEGMENT`]."""
        windows = _windows(block, HISTORY - (_TAPS - 1), SEGMENT)
        highest = np.maximum(windows.max(axis=2), -windows.min(axis=2))
        self._peak = max(self._peak, float(highest.max()))
        promising = windows[highest * self._worst > self._peak]
        rows = _windows(promising, 0, _ROW)
        for start in range(0, len(rows), _AT_ONCE):
            between = rows[start : start + _AT_ONCE] @ self._interpolate
            self._peak = max(self._peak, float(between.max()), -float(between.min()))

    def result(self) -> DbTp:
        """Return the highest true peak of all that was measured; -inf for silence."""
        return DbTp(20 * math.log10(self._peak)) if self._peak else DbTp(-math.inf)


def _windows(block: Samples, start: int, step: int) -> Samples:
    """Return a view [channels, windows, step + _TAPS - 1] of a contiguous block: what `step` output frames depend on.

    The constructor, since numpy's sliding_window_view takes longer to make the view than we take to measure it.
    """
    channels, frames = block.shape
    width = step + _TAPS - 1
    shape = (channels, (frames - start - width) // step + 1, width)
    size = block.itemsize
    return np.ndarray(shape, block.dtype, block.data, start * size, (frames * size, step * size, size))


@functools.cache
def _interpolation() -> tuple[Samples, float]:
    """Return the matrix [_ROW + _TAPS - 1, _ROW * 3] from samples to the points between, and its worst gain."""
    taps = np.arange(_TAPS) - (_TAPS // 2 - 1)
    matrix = np.zeros((_ROW + _TAPS - 1, _ROW, len(_PHASES)))
    worst = 1.0
    for phase, fraction in enumerate(_PHASES):
        distance = taps - fraction
        window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / (_TAPS / 2)) ** 2)) / np.i0(_KAISER_BETA)
        kernel = np.sinc(distance) * window
        kernel /= kernel.sum()
        worst = max(worst, float(np.abs(kernel).sum()))
        for row in range(_ROW):
            matrix[row : row + _TAPS, row, phase] = kernel
    return matrix.reshape(len(matrix), -1).astype(np.float32), worst
