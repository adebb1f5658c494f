"""True peak: ITU-R BS.1770-5, annex 2, by fourfold oversampling with a windowed sinc of 48 taps a phase.

The interpolation is one matrix product per row of samples. A row is left out where even the worst waveform with its
sample peak could not pass the peak already found, which saves most of the work without changing the result.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bridge.audio.kweighting import Samples
from bridge.units import DbTp

_PHASES = (0.25, 0.5, 0.75)
_TAPS = 48
_ROW = 32
_ROWS = 16
"""Rows in one product: OpenBLAS keeps products of this size in the calling thread, where they are cheapest."""
_SEGMENT = _ROW * _ROWS
_AT_ONCE = 32
"""Segments in one step: what it makes stays in the processor's cache."""
_KAISER_BETA = 6.0


class TruePeakMeter:
    """Measures a stream of blocks of shape [channels, frames], of any length."""

    def __init__(self, channels: int) -> None:
        self._interpolate, self._worst = _interpolation()
        self._unmeasured = np.zeros((channels, _TAPS - 1), np.float32)
        self._peak = 0.0

    def add(self, block: Samples) -> None:
        """Measure one more block."""
        if block.shape[1]:
            self._peak = max(self._peak, float(block.max()), -float(block.min()))
        joined = np.concatenate([self._unmeasured, block], axis=1)
        segments = (joined.shape[1] - (_TAPS - 1)) // _SEGMENT
        self._unmeasured = joined[:, segments * _SEGMENT :].copy()
        if segments:
            windows = sliding_window_view(joined, _SEGMENT + _TAPS - 1, axis=1)[:, ::_SEGMENT]
            self._measure(windows)

    def peak(self) -> DbTp:
        """Return the highest true peak of all that was added; -inf for silence."""
        self.add(np.zeros((len(self._unmeasured), _TAPS + _SEGMENT), np.float32))
        return DbTp(20 * math.log10(self._peak)) if self._peak else DbTp(-math.inf)

    def _measure(self, windows: Samples) -> None:
        highest = np.maximum(windows.max(axis=2), -windows.min(axis=2))
        promising = windows[highest * self._worst > self._peak]
        rows = sliding_window_view(promising, _ROW + _TAPS - 1, axis=1)[:, ::_ROW]
        for part in np.array_split(rows, math.ceil(len(rows) / _AT_ONCE)) if len(rows) else ():
            between = part @ self._interpolate
            self._peak = max(self._peak, float(between.max()), -float(between.min()))


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
