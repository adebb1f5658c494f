"""Turn float samples into the bytes of a delivered file, and say what its readers will make of them.

libsndfile truncates where it converts to PCM, which shifts everything by half a step: here the nearest step is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bridge.audio.canonical import Block

Quantise = Callable[[Block], NDArray[np.int32]]
"""Turns a block into whole steps of full scale."""

_THREE_BYTES = np.dtype([("low", "<u2"), ("high", "u1")])


def quantiser(bits: int, seed: int) -> Quantise:
    """Return how to make samples of 16 or 24 bits; only 16 bits are dithered."""
    return To16Bit(seed) if bits == 16 else to_24_bit


def to_24_bit(block: Block) -> NDArray[np.int32]:
    """Return the nearest of 2^24 steps, clipped to full scale."""
    return _nearest(block * np.float32(1 << 23), 1 << 23)


class To16Bit:
    """The nearest of 2^16 steps, after dither with a triangular distribution of two steps (TPDF).

    The dither comes from `seed`, so that the same bounce gives the same files. A block of digital silence stays silent.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.Generator(np.random.SFC64(seed))

    def __call__(self, block: Block) -> NDArray[np.int32]:
        """Return the block in steps, clipped to full scale."""
        if not block.any():
            return np.zeros(block.shape, np.int32)
        dither = self._random.random(block.shape, np.float32) - self._random.random(block.shape, np.float32)
        return _nearest(block * np.float32(1 << 15) + dither, 1 << 15)


def packed(steps: NDArray[np.int32], sample_bytes: int) -> bytes:
    """Return little-endian samples of 2 or 3 bytes."""
    if sample_bytes == 2:
        return steps.astype("<i2").tobytes()
    whole = steps.astype("<i4", copy=False).reshape(-1)
    narrow = np.empty(len(whole), _THREE_BYTES)
    narrow["low"] = whole
    narrow["high"] = whole.view(np.uint8)[2::4]
    return narrow.tobytes()


def read_back(steps: NDArray[np.int32], bits: int) -> Block:
    """Return the samples that readers make of a file's steps: a step is 2^-23 or 2^-15, which float32 holds exactly."""
    samples = steps.astype(np.float32)
    samples *= np.float32(2.0 ** (1 - bits))
    return samples


def _nearest(scaled: Block, full_scale: int) -> NDArray[np.int32]:
    np.rint(scaled, out=scaled)
    # float32 holds both limits exactly: 24 bits of mantissa.
    np.maximum(scaled, np.float32(-full_scale), out=scaled)
    np.minimum(scaled, np.float32(full_scale - 1), out=scaled)
    return scaled.astype(np.int32)
