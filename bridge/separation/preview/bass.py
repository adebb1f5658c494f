"""The second pass: the lowest part, in the middle, with the partials of its pitch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.separation.preview.cues import below, cues
from bridge.separation.preview.masks import Real, Spectrum
from bridge.separation.preview.pitch import Tracker, comb

LOW_HZ, LOW_WIDTH_HZ = 200.0, 120.0
"""Below this, sound belongs to the bass for the most part even off its partials; the edge is this wide."""
OFF_PARTIALS = 0.15
"""The share of what lies low but between the partials: it is mostly a kick's."""
PARTIALS = 0.6
"""The share of a partial above the edge: other parts play there too."""
PARTIALS_HZ = 270.0
"""Around here the partials of the bass sink into those of the other parts."""
TRACKER = Tracker(40, 226, per_octave=48, partials=12, fall=0.85, penalty=0.3, steps=5, glide=1)


class Bass:
    """Takes out the bass at a very long window, which keeps its low partials apart."""

    window_s = 0.1858
    reach_s = 0.4

    def masks(self, spectrum: Spectrum) -> Mapping[str, Real]:
        """Return the mask of the bass."""
        seen = cues(spectrum)
        centred = seen.centred**4
        heard = (seen.magnitude * centred)[:, : int(2000 / spectrum.bin_hz)]
        pitch = TRACKER.follow(np.sqrt(heard), spectrum.bin_hz)
        partials = comb(pitch, seen.hz, 7.5, 0.003)
        low = below(seen.hz, LOW_HZ, LOW_WIDTH_HZ)
        high = PARTIALS / (1 + (seen.hz / PARTIALS_HZ) ** 2)
        return {"bass": centred * (low * (OFF_PARTIALS + (1 - OFF_PARTIALS) * partials) + (1 - low) * high * partials)}
