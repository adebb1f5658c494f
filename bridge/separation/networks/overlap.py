"""Overlap-add in a stream: weighted segments go in, finished samples come out, memory holds one segment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]


class OverlapAdd:
    """Adds segments [..., samples] at rising positions, and divides by the sum of their weights."""

    def __init__(self, shape: tuple[int, ...], longest: int) -> None:
        """`shape` is that of a segment without its last axis, `longest` the samples of the longest segment."""
        self._sum = np.zeros((*shape, longest), np.float32)
        self._weight = np.zeros(longest, np.float32)
        self._start = 0

    def add(self, start: int, segment: Real, weight: Real) -> None:
        """Add a segment that begins at sample `start`, each sample times its weight."""
        at = slice(start - self._start, start - self._start + segment.shape[-1])
        self._sum[..., at] += segment * weight
        self._weight[at] += weight

    def take(self, until: int) -> Real:
        """Return the samples up to `until`, which no later segment touches; those of no weight are 0."""
        count = until - self._start
        weight = self._weight[:count]
        done = np.divide(self._sum[..., :count], weight, out=np.zeros_like(self._sum[..., :count]), where=weight > 0)
        for buffer in (self._sum, self._weight):
            buffer[..., : buffer.shape[-1] - count] = buffer[..., count:].copy()
            buffer[..., buffer.shape[-1] - count :] = 0
        self._start = until
        return done
