"""What happens to each stem in each of the two passes: measure it, or write it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from bridge.audio.canonical import Block
from bridge.audio.conform import Conform
from bridge.audio.level import Level, LevelMeter, PeakMeter, Written
from bridge.audio.residual import NullDepth
from bridge.audio.stemfile import Write
from bridge.units import Db, Frames, Progress


class BlockSink(Protocol):
    """Takes the blocks of one stem, in order, and is told when there are no more."""

    def take(self, block: Block) -> None:
        """Take samples of shape [frames, channels]."""

    def finish(self) -> None:
        """Know that there are no more."""


class MeasureSink:
    """Measures a stem."""

    def __init__(self, conform: Conform, meter: LevelMeter | PeakMeter) -> None:
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


class MixSink:
    """Tells `null` what the stems should sum to; it goes before their sinks."""

    def __init__(self, conform: Conform, null: NullDepth) -> None:
        self._conform, self._null = conform, null

    def take(self, block: Block) -> None:
        """Pass on what one more block of the mix makes possible."""
        self._null.expect(self._conform.push(block))

    def finish(self) -> None:
        """Pass on the rest."""
        self._null.expect(self._conform.finish())


class WriteSink:
    """Writes a stem with its gain, measures what is in the file, and counts it for `null` where there is one."""

    def __init__(self, conform: Conform, gain_db: Db, write: Write, meter: LevelMeter, null: NullDepth | None) -> None:
        self._conform, self._write, self._meter, self._null = conform, write, meter, null
        self._gain_db, self._gain = gain_db, np.float32(10 ** (gain_db / 20))
        self._highest = 0.0

    def take(self, block: Block) -> None:
        """Write what one more block makes possible."""
        self._deliver(self._conform.push(block))

    def finish(self) -> None:
        """Write the rest."""
        self._deliver(self._conform.finish())

    def written(self) -> Written:
        """Return what is in the file, once finished."""
        sample_peak = 20 * math.log10(self._highest) if self._highest else -math.inf
        return Written(self._meter.level(), Db(sample_peak))

    def _deliver(self, block: Block) -> None:
        louder = block * self._gain
        if len(louder):
            self._highest = max(self._highest, float(louder.max()), -float(louder.min()))
        written = self._write(louder)
        self._meter.add(written)
        if self._null:
            self._null.found(written, self._gain_db)


def drive(sources: Iterable[Sequence[Block]], sinks: Sequence[BlockSink], frames: Frames, progress: Progress) -> None:
    """Send each stem's blocks down its sink, on this thread alone. Raises what a sink or `progress` raises.

    Two threads finish a third sooner and take a quarter more of the processor, which the DAW may want.
    """
    done = 0
    for blocks in sources:
        for sink, block in zip(sinks, blocks, strict=True):
            sink.take(block)
        done += len(blocks[0])
        progress(done / frames)
    for sink in sinks:
        sink.finish()
