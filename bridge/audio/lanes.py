"""What happens to each stem in each of the two passes: measure it, or write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from bridge.audio.canonical import Block
from bridge.audio.conform import Conform
from bridge.audio.level import Level, LevelMeter, PeakMeter
from bridge.audio.stemfile import Write
from bridge.units import DbTp, Frames, Progress


class Lane(Protocol):
    """Takes the blocks of one stem, in order, and is told when there are no more."""

    def take(self, block: Block) -> None:
        """Take samples of shape [frames, channels]."""

    def finish(self) -> None:
        """Know that there are no more."""


class MeasureLane:
    """Measures a stem."""

    def __init__(self, conform: Conform, meter: LevelMeter) -> None:
        self._conform, self._meter = conform, meter

    def take(self, block: Block) -> None:
        """Measure what one more block makes possible."""
        self._meter.add(self._conform.push(block))

    def finish(self) -> None:
        """Measure the rest."""
        self._meter.add(self._conform.finish())

    def level(self) -> Level:
        """Return what was measured, once finished."""
        return self._meter.level()


class WriteLane:
    """Writes a stem with its gain, and measures the true peak of what it writes."""

    def __init__(self, conform: Conform, gain_db: float, write: Write, meter: PeakMeter) -> None:
        self._conform, self._write, self._meter = conform, write, meter
        self._gain = np.float32(10 ** (gain_db / 20))

    def take(self, block: Block) -> None:
        """Write what one more block makes possible."""
        self._deliver(self._conform.push(block))

    def finish(self) -> None:
        """Write the rest."""
        self._deliver(self._conform.finish())

    def peak(self) -> DbTp:
        """Return the true peak of the file, once finished."""
        return self._meter.peak()

    def _deliver(self, block: Block) -> None:
        louder = block * self._gain
        self._meter.add(louder)
        self._write(louder)


def drive(sources: Iterable[Sequence[Block]], lanes: Sequence[Lane], frames: Frames, progress: Progress) -> None:
    """Send each stem's blocks down its lane, on this thread alone. Raises what a lane or `progress` raises.

    Two threads finish a third sooner and take a quarter more of the processor, which the DAW may want.
    """
    done = 0
    for blocks in sources:
        for lane, block in zip(lanes, blocks, strict=True):
            lane.take(block)
        done += len(blocks[0])
        progress(done / frames)
    for lane in lanes:
        lane.finish()
