"""One or two sides of any number of channels, for the masks to look at."""

from __future__ import annotations

import numpy as np

from bridge.separation.preview.masks import Real

_CENTRE = (2, 3)
"""The places of front centre and low frequency in the WAVE order of speakers (Microsoft, WAVEFORMATEXTENSIBLE)."""


def sides(samples: Real) -> list[Real]:
    """Return the channels of mono or stereo as they are, or else a left and a right: each (frames,).

    Of more than two channels the centre and the low one go to both sides; the others take turns, as they do in the
    WAVE order (left before right, front before back).
    """
    channels = samples.shape[1]
    if channels <= 2:
        return [np.ascontiguousarray(samples[:, channel]) for channel in range(channels)]
    centre = [channel for channel in _CENTRE if channel < channels and channels > 4] or ([2] if channels == 3 else [])
    paired = [channel for channel in range(channels) if channel not in centre]
    return [samples[:, [*paired[side::2], *centre]].sum(axis=1, dtype=np.float32) for side in (0, 1)]
