"""Give what no stem holds to `other`, and measure how far the stems are from summing to the mix."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bridge.audio.canonical import Block

REST = "other"


def covers(names: Sequence[str]) -> bool:
    """Say whether stems of these names should sum to the mix: with an "other", or as X and no_X."""
    return REST in names or (len(names) == 2 and min(names, key=len) == max(names, key=len).removeprefix("no_"))


def fold(mix: Block, stems: list[Block], names: Sequence[str]) -> None:
    """Put in place of `other` what the rest of the stems leaves of the mix: `other` and all that no stem holds."""
    if REST in names:
        at = names.index(REST)
        stems[at] = mix - _sum(stems[:at] + stems[at + 1 :]) if len(stems) > 1 else mix


def missing(mix: Block, stems: Sequence[Block]) -> Block:
    """Return what the stems lack of the mix."""
    return mix - _sum(stems)


def _sum(stems: Sequence[Block]) -> Block:
    if len(stems) == 1:
        return stems[0]
    total = stems[0] + stems[1]
    for stem in stems[2:]:
        total += stem
    return total


class NullDepth:
    """Counts the energy of what is missing between mix and sum, relative to the mix's."""

    def __init__(self) -> None:
        self._mix = 0.0
        self._missing = 0.0

    def add(self, mix: Block, missing: Block) -> None:
        """Count one more block."""
        self._mix += _energy(mix)
        self._missing += _energy(missing)

    def depth_db(self) -> float | None:
        """Return the ratio in decibels (10 log10 of energies); None where nothing is missing, or the mix is silent."""
        if not self._mix or not self._missing:
            return None
        return 10 * math.log10(self._missing / self._mix)


def _energy(block: Block) -> float:
    flat = block.reshape(-1)
    return float(np.einsum("i,i->", flat, flat, dtype=np.float64))
