"""Give what no stem holds to `other`, and measure how far the stems are from summing to the mix."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bridge.audio.canonical import Block

REST = "other"


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
    return float(flat @ flat)
