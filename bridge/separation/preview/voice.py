"""The third pass: the voice is in the middle, moves, and sings one pitch; what thumps below it was still a drum."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.separation.preview.cues import TINY, above, below, cues, moving, soft
from bridge.separation.preview.masks import Real, Spectrum
from bridge.separation.preview.pitch import Tracker, comb

MOVING_S = 0.55
"""What lasts half of this stands still."""
STILL = 0.05
"""How much a steady bin counts when the pitch is sought."""
HEARD_HZ = 5000.0
"""Beyond this the pitch is not sought."""
WIDTH_HZ, SPREAD = 22.0, 0.01
"""Of a sung partial, see `comb`."""
OFF_PARTIALS = 0.5
"""The share of what moves off the partials of the pitch, which may have been taken wrongly."""
BREATH = 0.4
"""The share of what lies so high that partials cannot be told apart: breath and consonants."""
SURE = 0.1
"""How much more than its share of a noise the comb must catch for even chances that someone sings."""
MIDDLE_HZ = 1500.0
"""Where most sung partials lie: their width there is what the comb covers."""
TRACKER = Tracker(80, 900, per_octave=60, partials=14, fall=0.85, penalty=0.4, steps=12, glide=2)


class Voice:
    """Takes out the vocals at a long window, and the low drums that the first pass has missed."""

    window_s = 0.0929
    reach_s = 0.75

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return the masks of the vocals and of the drums."""
        seen = cues(spectrum)
        moves = moving(seen.magnitude, MOVING_S, spectrum.hop_s)
        place = seen.centred**2 * above(seen.hz, 100, 160)
        heard = seen.magnitude * place * (STILL + (1 - STILL) * moves)
        heard = heard[:, : int(HEARD_HZ / spectrum.bin_hz)]
        pitch = TRACKER.follow(np.sqrt(heard), spectrum.bin_hz)
        high = above(seen.hz, 4000, 6000)
        partials = comb(pitch, seen.hz, WIDTH_HZ, SPREAD) * (1 - high) + BREATH * high
        voice = place * (OFF_PARTIALS * moves * (1 - partials) + partials * np.clip(0.8 + moves, 0, 1))
        voice *= _sung(heard, partials, pitch)[:, None]
        thump = below(seen.hz, 200, 130) * seen.centred**2 * np.clip(2 * moves, 0, 1)
        return {"vocals": voice, "drums": thump * (1 - voice)}


def _sung(heard: Real, partials: Real, pitch: Real) -> Real:
    """Return towards 1 for each frame whose sound lies on the partials of its pitch, towards 1/2 where it does not.

    Any comb catches the share of a noise that its teeth cover, so only what exceeds that says that someone sings.
    """
    loud = heard.sum(axis=1) + np.float32(TINY)
    caught = (heard * partials[:, : heard.shape[1]]).sum(axis=1) / loud
    covered = np.minimum(1, np.sqrt(np.pi) * (WIDTH_HZ + SPREAD * MIDDLE_HZ) / pitch)
    sure = soft(10 * ((caught - covered) / (1.05 - covered) - SURE))
    return 0.5 + 0.5 * _over_five_frames(sure)


def _over_five_frames(rows: Real) -> Real:
    padded = np.pad(rows, 2, mode="edge")
    smooth: Real = np.lib.stride_tricks.sliding_window_view(padded, 5).mean(axis=1)
    return smooth
