"""Running medians over few, spread taps.

A running median asks for a sort at every point. Here the sort runs over whole arrays at once: a tap is the array
shifted, and a comparison is `minimum` and `maximum` of two arrays, which numpy does with vector instructions. The
taps lie apart, so that few of them span a long window; a spectrogram is smooth enough for that.
"""

from __future__ import annotations

import functools

import numpy as np

from bridge.separation.preview.masks import Real

TAPS = 9
"""Enough that the median is no mean, few enough to be quick."""


def along_time(magnitude: Real, apart: int) -> Real:
    """Return the median over `TAPS` frames, each `apart` from the next, around every frame."""
    reach = TAPS // 2 * apart
    padded = np.pad(magnitude, ((reach, reach), (0, 0)), mode="edge")
    count = len(magnitude)
    return _median([padded[tap * apart : tap * apart + count].copy() for tap in range(TAPS)])


def along_frequency(magnitude: Real, apart: int) -> Real:
    """Return the median over `TAPS` bins, each `apart` from the next, around every bin."""
    reach = TAPS // 2 * apart
    padded = np.pad(magnitude, ((0, 0), (reach, reach)), mode="reflect")
    count = magnitude.shape[1]
    return _median([padded[:, tap * apart : tap * apart + count].copy() for tap in range(TAPS)])


def spacing(span: float, unit: float) -> int:
    """Return how far apart the taps lie of a median that spans this much: whole units, at least one."""
    return max(1, round(span / unit / (TAPS - 1)))


def _median(arrays: list[Real]) -> Real:
    """Return the middle one at each place; the arrays are used up."""
    low = np.empty_like(arrays[0])
    for first, second in _comparisons(len(arrays)):
        np.minimum(arrays[first], arrays[second], out=low)
        np.maximum(arrays[first], arrays[second], out=arrays[second])
        arrays[first], low = low, arrays[first]
    return arrays[len(arrays) // 2]


@functools.cache
def _comparisons(count: int) -> tuple[tuple[int, int], ...]:
    """Return what of a sorting network (Batcher, odd-even merge sort) the middle output hangs on.

    Knuth, The Art of Computer Programming, vol. 3, section 5.2.2, algorithm M.
    """
    network: list[tuple[int, int]] = []
    top = 1 << (count - 1).bit_length() - 1
    step = top
    while step > 0:
        other, offset, distance = top, 0, step
        while True:
            network += [(i, i + distance) for i in range(count - distance) if i & step == offset]
            if other == step:
                break
            distance, other, offset = other - step, other // 2, step
        step //= 2
    needed, kept = {count // 2}, []
    for pair in reversed(network):
        if needed & set(pair):
            needed |= set(pair)
            kept.append(pair)
    return tuple(reversed(kept))
