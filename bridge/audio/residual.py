"""Give what no stem holds to `other`, and measure how far the written stems are from summing to the mix."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.audio.canonical import Block

REST = "other"

_AT_ONCE = 8192
"""Samples in one product: OpenBLAS keeps products of this size in the calling thread, where they are cheapest."""


def covers(names: Sequence[str]) -> bool:
    """Say whether stems of these names should sum to the mix: with an "other", or as X and no_X."""
    return REST in names or (len(names) == 2 and min(names, key=len) == max(names, key=len).removeprefix("no_"))


def complete(mix: Block, read: Sequence[Block], names: Sequence[str]) -> list[Block]:
    """Return a block for each of `names`, given those of all but `other`, in order.

    `other` plus all that no stem holds (mix - sum) is the mix less the rest of the stems: what the engine calls `other`
    cancels out, so that it need not even be read.
    """
    if REST not in names:
        return list(read)
    at = names.index(REST)
    return [*read[:at], mix - _sum(read) if read else mix, *read[at:]]


def _sum(stems: Sequence[Block]) -> Block:
    if len(stems) == 1:
        return stems[0]
    total = stems[0] + stems[1]
    for stem in stems[2:]:
        total += stem
    return total


class NullDepth:
    """Counts the energy of what stems lack of the mix, relative to the mix's.

    What stems of float32, or with gains of their own, lack is near float32's own rounding: `exact` counts in float64.
    """

    def __init__(self, *, exact: bool) -> None:
        self._float: type[np.floating] = np.float64 if exact else np.float32
        self._rest = np.empty((0, 0), self._float)
        self._mix = 0.0
        self._missing = 0.0

    def expect(self, mix: Block) -> None:
        """Begin one more block: what its stems should sum to."""
        self._missing += _energy(self._rest)
        self._rest = mix.astype(self._float)
        self._mix += _energy(self._rest)

    def found(self, stem: Block, gain_db: float) -> None:
        """Count the same frames of one stem, which stand `gain_db` higher than they do in the mix."""
        self._rest -= stem if gain_db == 0 else stem * self._float(10 ** (-gain_db / 20))

    def depth_db(self) -> float | None:
        """Return the ratio in decibels (10 log10 of energies); None where nothing is missing, or the mix is silent.

        Nothing can be counted afterwards.
        """
        missing = self._missing + _energy(self._rest)
        if not self._mix or not missing:
            return None
        return 10 * math.log10(missing / self._mix)


def _energy(block: NDArray[np.floating]) -> float:
    flat = block.reshape(-1)
    parts = (flat[start : start + _AT_ONCE] for start in range(0, len(flat), _AT_ONCE))
    return sum(float(part @ part) for part in parts)
