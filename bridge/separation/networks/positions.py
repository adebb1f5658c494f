"""The fixed positions that a transformer adds to its tokens (Vaswani et al., 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_LONGEST_PERIOD = 10_000.0


def positions(width: int, count: int) -> NDArray[np.float32]:
    """Return [count, width]: cosines, then sines, of the position over periods in a geometric series."""
    half = width // 2
    periods = _LONGEST_PERIOD ** (np.arange(half) / (half - 1))
    phase = np.arange(count)[:, None] / periods
    return np.concatenate([np.cos(phase), np.sin(phase)], axis=1).astype(np.float32)


def positions_2d(width: int, height: int, count: int) -> NDArray[np.float32]:
    """Return [count × height, width]: half of the channels for the frame, half for the bin, sine and cosine in turn."""
    half = width // 2
    rates = np.exp(np.arange(0, half, 2) * -(math.log(_LONGEST_PERIOD) / half))
    found = np.zeros((count, height, width))
    across, along = np.arange(count)[:, None, None] * rates, np.arange(height)[None, :, None] * rates
    found[:, :, 0:half:2], found[:, :, 1:half:2] = np.sin(across), np.cos(across)
    found[:, :, half::2], found[:, :, half + 1 :: 2] = np.sin(along), np.cos(along)
    return found.reshape(-1, width).astype(np.float32)
