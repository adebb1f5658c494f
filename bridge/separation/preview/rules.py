"""The rules of the rough preview: two passes of hand-made cues.

Harmonic and percussive sound part by which way a median filter keeps them (Fitzgerald 2010), with a margin between
the two (Driedger, Müller and Disch 2014) and a soft edge.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.separation.preview import medians
from bridge.separation.preview.masks import Real, Spectrum

_TINY = np.float32(1e-12)


def _power(spectrum: Spectrum) -> Real:
    left, right = spectrum.left, spectrum.right
    power: Real = left.real**2 + left.imag**2 + right.real**2 + right.imag**2 + _TINY
    return power


def _centredness(spectrum: Spectrum, power: Real) -> Real:
    """Return 1 where both sides are alike, 0 where they have nothing in common or only one sounds."""
    left, right = spectrum.left, spectrum.right
    shared = 2 * (left.real * right.real + left.imag * right.imag)
    return _between(_smooth(shared) / _smooth(power))


def _between(cells: Real) -> Real:
    inside: Real = np.clip(cells, 0, 1).astype(np.float32, copy=False)
    return inside


def _smooth(cells: Real) -> Real:
    """Average over three frames by three bins."""
    padded = np.pad(cells, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    box: Real = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return box


def _frequencies(spectrum: Spectrum) -> Real:
    return np.arange(spectrum.left.shape[1], dtype=np.float32) * np.float32(spectrum.bin_hz)


def _apart(span: float, unit: float, taps: int) -> int:
    return max(1, round(span / unit / (taps - 1)))


class Drums:
    """Takes out what is short in time and wide in frequency."""

    window_s = 0.0232
    reach_s = 0.3
    taps = 9
    steady_s = 0.25
    wide_hz = 900.0
    margin = 1.6

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return the mask of the drums."""
        magnitude: Real = np.sqrt(_power(spectrum))
        steady = medians.along_time(magnitude, self.taps, _apart(self.steady_s, spectrum.hop_s, self.taps))
        struck = medians.along_frequency(magnitude, self.taps, _apart(self.wide_hz, spectrum.bin_hz, self.taps))
        low = _between((300 - _frequencies(spectrum)) / 200)
        struck = low * magnitude + (1 - low) * struck
        struck, steady = struck**4, (np.float32(self.margin) * steady) ** 4
        drums: Real = struck / (struck + steady + _TINY**2)
        return {"drums": drums}


class Tones:
    """Takes the bass and the voice out of what the drums have left."""

    window_s = 0.0929
    reach_s = 0.5
    taps = 9
    steady_s = 0.4

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return the masks of the bass and of the vocals."""
        power = _power(spectrum)
        frequency = _frequencies(spectrum)
        centred = _centredness(spectrum, power)
        bass: Real = _between((240 - frequency) / 120) * centred
        magnitude: Real = np.sqrt(power)
        steady = medians.along_time(magnitude, self.taps, _apart(self.steady_s, spectrum.hop_s, self.taps))
        moving = _between(1 - steady / magnitude)
        voice: Real = centred**4 * moving * _between((frequency - 140) / 60) * (1 - bass)
        return {"bass": bass, "vocals": voice}


RULES = (Drums(), Tones())
"""The passes of this version, in their order."""
