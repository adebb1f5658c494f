"""Gated programme loudness: ITU-R BS.1770-5, annex 1 (blocks of 400 ms, 75 % overlap, gates at -70 LUFS and -10 LU).

>>> meter = LoudnessMeter(Hz(48000), 1)
>>> meter.add(np.sin(2 * np.pi * 997 / 48000 * np.arange(96000, dtype=np.float32))[None, :])
>>> round(meter.loudness(), 1)
-3.0
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bridge.audio.kweighting import QUANTUM, KWeighting, Samples
from bridge.units import Hz, Lufs

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET = -0.691
_SURROUND = 1.41
_HOPS_PER_BLOCK = 4

_WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1, 1, _SURROUND, _SURROUND),
    5: (1, 1, 1, _SURROUND, _SURROUND),
    6: (1, 1, 1, 0, _SURROUND, _SURROUND),
    8: (1, 1, 1, 0, 1, 1, _SURROUND, _SURROUND),
    12: (1, 1, 1, 0, 1, 1, _SURROUND, _SURROUND, 1, 1, 1, 1),
}


def channel_weights(channels: int) -> NDArray[np.float64]:
    """Return each channel's weight (BS.1770-5, tables 3 and 4), by WAVE's order of speakers.

    4 is quad, 5 is 5.0, 6 is 5.1, 8 is 7.1, 12 is 7.1.4; the low-frequency channel counts for nothing. For any other
    count the speakers are not known, and every channel counts once.
    """
    return np.array(_WEIGHTS.get(channels, (1,) * channels), dtype=np.float64)


class LoudnessMeter:
    """Measures a stream of blocks of shape [channels, frames], of any length."""

    def __init__(self, sample_rate: Hz, channels: int) -> None:
        self._weights = channel_weights(channels)
        self._filter = KWeighting(sample_rate, channels)
        self._hop = (sample_rate + 5) // 10
        self._unfiltered = np.empty((channels, 0), np.float32)
        self._filtered = np.empty((channels, 0), np.float32)
        self._powers: list[NDArray[np.float64]] = []
        self._frames = 0

    def add(self, block: Samples) -> None:
        """Measure one more block."""
        self._frames += block.shape[1]
        block = np.concatenate([self._unfiltered, block], axis=1) if self._unfiltered.shape[1] else block
        whole = block.shape[1] // QUANTUM * QUANTUM
        self._unfiltered = block[:, whole:].copy()
        if whole:
            self._count(self._filter.filter(np.ascontiguousarray(block[:, :whole])))

    def loudness(self) -> Lufs:
        """Return the loudness of all that was added; -inf where no block of 400 ms passes the gates."""
        hops = self._frames // self._hop
        self.add(np.zeros((len(self._weights), -self._frames % QUANTUM), np.float32))
        powers = np.concatenate([*self._powers, np.empty(0)])[:hops]
        if len(powers) < _HOPS_PER_BLOCK:
            return Lufs(-math.inf)
        return _gated(np.convolve(powers, np.full(_HOPS_PER_BLOCK, 1 / _HOPS_PER_BLOCK), mode="valid"))

    def _count(self, weighted: Samples) -> None:
        weighted = np.concatenate([self._filtered, weighted], axis=1)
        channels, frames = weighted.shape
        hops = frames // self._hop
        self._filtered = weighted[:, hops * self._hop :].copy()
        if hops:
            hopped = weighted[:, : hops * self._hop].reshape(channels, hops, self._hop)
            squares = np.einsum("chn,chn->hc", hopped, hopped).astype(np.float64)
            self._powers.append(squares @ self._weights / self._hop)


def _gated(powers: NDArray[np.float64]) -> Lufs:
    audible = powers[powers > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        return Lufs(-math.inf)
    relative = _power(_loudness(float(audible.mean())) + _RELATIVE_GATE_LU)
    return Lufs(_loudness(float(audible[audible > relative].mean())))


def _loudness(power: float) -> float:
    return _OFFSET + 10 * math.log10(power)


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))
