"""Gated programme loudness: ITU-R BS.1770-5, annex 1 (blocks of 400 ms, 75 % overlap, gates at -70 LUFS and -10 LU)."""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray

from bridge.audio.kweighting import KWeighting, Samples
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


class Loudness:
    """Measures a stream of blocks of shape [channels, `frames`]."""

    def __init__(self, sample_rate: Hz, channels: int, frames: int) -> None:
        self._weights = [float(weight) for weight in channel_weights(channels)]
        self._filter = KWeighting(sample_rate, channels, frames)
        self._hop = (sample_rate + 5) // 10
        self._begun, self._energy = 0, 0.0
        self._energies = array("d")

    def measure(self, block: Samples, fresh: int) -> None:
        """Measure one more block, of which the first `fresh` frames count."""
        weighted = self._filter.filter(block)[:, :fresh]
        first = min(fresh, self._hop - self._begun)
        self._add(weighted[:, :first])
        for start in range(first, fresh, self._hop):
            self._add(weighted[:, start : start + self._hop])

    def result(self) -> Lufs:
        """Return the loudness of all that was measured; -inf where no block of 400 ms passes the gates."""
        if len(self._energies) < _HOPS_PER_BLOCK:
            return Lufs(-math.inf)
        powers = np.array(self._energies) / self._hop
        return _gated(np.convolve(powers, np.full(_HOPS_PER_BLOCK, 1 / _HOPS_PER_BLOCK), mode="valid"))

    def _add(self, weighted: Samples) -> None:
        for channel, weight in zip(weighted, self._weights, strict=True):
            self._energy += weight * float(channel @ channel)
        self._begun += weighted.shape[1]
        if self._begun == self._hop:
            self._energies.append(self._energy)
            self._begun, self._energy = 0, 0.0


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
