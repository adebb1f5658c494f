"""The first pass: what is short in time and wide in frequency is struck."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.separation.preview import medians
from bridge.separation.preview.cues import TINY, above, cues, soft
from bridge.separation.preview.masks import Real, Spectrum

STEADY_S = 0.26
"""What lasts half of this is steady."""
WIDE_HZ = 1200.0
"""What spans half of this is wide."""
MARGIN = 2.8
"""How far what is wide must exceed what is steady to be half a drum's."""
LOW_HZ = 300.0
"""Below this a drum is not wide, only short: a kick sounds like a low note that ends at once."""
NOISY = 0.68
"""The median over a band is this share of its mean where sound is as much a cymbal's as a string's (noise: 0.9)."""
CYMBAL = 0.9
"""The share of noise high up that is a cymbal's: some is breath."""
_MOST = 1e4
"""A ratio beyond this says no more than this one, and its fourth power still fits in single precision."""


class Drums:
    """Takes out the drums at a short window.

    Harmonic and percussive sound part by which of two median filters keeps them (Fitzgerald 2010), with a margin
    between the two (Driedger, Müller and Disch 2014) and a soft edge. A cymbal rings too long for that: it is known
    by its noise, high up.
    """

    window_s = 0.0232
    reach_s = 0.2

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return the mask of the drums."""
        seen = cues(spectrum)
        across = medians.spacing(WIDE_HZ, spectrum.bin_hz)
        steady = medians.along_time(seen.magnitude, medians.spacing(STEADY_S, spectrum.hop_s))
        wide = medians.along_frequency(seen.magnitude, across)
        high = above(seen.hz, LOW_HZ - 50, LOW_HZ + 50)
        struck = high * wide + (1 - high) * seen.magnitude
        ratio = np.minimum(struck / (MARGIN * steady + np.float32(TINY)), _MOST) ** 4
        noise = soft(15 * (wide / _mean_across(seen.magnitude, across * medians.TAPS // 2) - NOISY))
        cymbals = CYMBAL * above(seen.hz, 2500, 4500) * noise
        return {"drums": np.maximum(ratio / (1 + ratio), cymbals)}


def _mean_across(magnitude: Real, reach: int) -> Real:
    """Average over `reach` bins to either side."""
    padded = np.pad(magnitude, ((0, 0), (reach + 1, reach)), mode="reflect")
    sums = np.cumsum(padded, axis=1, dtype=np.float64)
    width = 2 * reach + 1
    mean: Real = ((sums[:, width:] - sums[:, :-width]) / width).astype(np.float32)
    return mean + np.float32(TINY)
