"""The K-weighting filter of ITU-R BS.1770-5, annex 1, figures 2 and 3, at any sample rate, in blocks.

The standard gives coefficients for 48 kHz only. They are bilinear transforms of two analogue second-order filters,
whose frequencies, gains and Qs (below) reproduce the standard's numbers at 48 kHz. Both are realised as state variable
filters (V. Zavalishin, "The Art of VA Filter Design", section 4.4), since their states stay accurate in float32 where
the direct form loses a high-pass at 38 Hz.

A recursive filter is slow in numpy one sample at a time. So that rows of 64 samples are filtered by one matrix product,
and the states between rows are found by a doubling scan.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.units import Hz

Samples = NDArray[np.float32]

ROW = 64
QUANTUM = 64 * ROW
"""Frames in one product: OpenBLAS keeps products of this size in the calling thread, where they are cheapest."""
_SHELF_HZ, _SHELF_Q, _SHELF_DB, _SHELF_SLOPE = (
    1681.974450955533,
    0.7071752369554196,
    3.999843853973347,
    0.4996667741545416,
)
_HIGHPASS_HZ, _HIGHPASS_Q = 38.13547087602444, 0.5003270373238773


class StateSpace(NamedTuple):
    """s' = a s + b x, y = c s + d x."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    c: NDArray[np.float64]
    d: float


class KWeighting:
    """K-weights a stream of blocks of shape [channels, frames]; frames: a multiple of `QUANTUM`."""

    def __init__(self, sample_rate: Hz, channels: int, frames: int) -> None:
        filters = k_weighting(sample_rate)
        self._row_to_row, self._row_to_state, self._state_to_row = _row_matrices(filters)
        self._powers = _row_powers(filters.a, frames // ROW)
        self._state = np.zeros((channels, len(filters.b)))
        self._rows = (channels, frames // QUANTUM, QUANTUM // ROW, ROW)
        self._weighted, self._from_state = np.empty(self._rows, np.float32), np.empty(self._rows, np.float32)

    def filter(self, block: Samples) -> Samples:
        """Return the weighted block, of the same shape; it is valid until the next call."""
        rows = block.reshape(self._rows)
        states = self._states((rows @ self._row_to_state).reshape(len(block), -1, self._state.shape[1]))
        np.matmul(rows, self._row_to_row, out=self._weighted)
        np.matmul(states.reshape(*self._rows[:3], -1), self._state_to_row, out=self._from_state)
        self._weighted += self._from_state
        return self._weighted.reshape(block.shape)

    def _states(self, from_rows: Samples) -> Samples:
        """Return the state before each row, and keep the one after the last."""
        after = from_rows.astype(np.float64)
        after[:, 0] += self._state @ self._powers[0]
        for doubling, power in enumerate(self._powers):
            step = 1 << doubling
            after[:, step:] += after[:, :-step] @ power
        before = np.concatenate([self._state[:, None], after[:, :-1]], axis=1)
        self._state = after[:, -1].copy()
        return before.astype(np.float32)


def k_weighting(sample_rate: Hz) -> StateSpace:
    """Return both filters in series, as one system of four states."""
    high = 10 ** (_SHELF_DB / 20)
    shelf = _state_variable(_SHELF_HZ / sample_rate, _SHELF_Q, (high, high**_SHELF_SLOPE / _SHELF_Q, 1.0))
    tangent = math.tan(math.pi * _HIGHPASS_HZ / sample_rate)
    unity = 1 + tangent / _HIGHPASS_Q + tangent * tangent
    return _series(shelf, _state_variable(_HIGHPASS_HZ / sample_rate, _HIGHPASS_Q, (unity, 0.0, 0.0)))


def _state_variable(cycles: float, q: float, mix: tuple[float, float, float]) -> StateSpace:
    """Return a filter at `cycles` per sample; `mix` weighs its high-, band- and low-pass outputs."""
    tangent = math.tan(math.pi * cycles)
    scale = 1 / (1 + tangent * (tangent + 1 / q))

    def step(first: float, second: float, sample: float) -> tuple[float, float, float]:
        band = scale * (first + tangent * (sample - second))
        low = second + tangent * band
        high = sample - band / q - low
        return 2 * band - first, 2 * low - second, mix[0] * high + mix[1] * band + mix[2] * low

    columns = np.array([step(1, 0, 0), step(0, 1, 0), step(0, 0, 1)]).T
    return StateSpace(columns[:2, :2], columns[:2, 2], columns[2, :2], float(columns[2, 2]))


def _series(first: StateSpace, second: StateSpace) -> StateSpace:
    a = np.block([[first.a, np.zeros((2, 2))], [np.outer(second.b, first.c), second.a]])
    b = np.concatenate([first.b, second.b * first.d])
    c = np.concatenate([second.d * first.c, second.c])
    return StateSpace(a, b, c, first.d * second.d)


def _row_matrices(system: StateSpace) -> tuple[Samples, Samples, Samples]:
    """Return row to row [ROW, ROW], row to state [ROW, 4] and state to row [4, ROW], to be applied from the right."""
    outputs, inputs = [system.c], [system.b]
    for _ in range(ROW - 1):
        outputs.append(outputs[-1] @ system.a)
        inputs.append(system.a @ inputs[-1])
    impulse = np.array([system.d, *(row @ system.b for row in outputs[:-1])])
    lag = np.arange(ROW)[None, :] - np.arange(ROW)[:, None]
    toeplitz = np.where(lag >= 0, impulse[np.maximum(lag, 0)], 0.0)
    to_state = np.array(inputs[::-1])
    return toeplitz.astype(np.float32), to_state.astype(np.float32), np.array(outputs).T.astype(np.float32)


def _row_powers(a: NDArray[np.float64], rows: int) -> list[NDArray[np.float64]]:
    """Return the transposed transitions over 1, 2, 4, ... rows, as far as `rows` reach."""
    powers = [np.linalg.matrix_power(a, ROW).T]
    while 1 << len(powers) < rows:
        powers.append(powers[-1] @ powers[-1])
    return powers
