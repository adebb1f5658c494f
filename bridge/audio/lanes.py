"""What happens to each stem in each of the two passes: measure it, or write it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

import numpy as np

from bridge.audio.canonical import Block
from bridge.audio.conform import Conform
from bridge.audio.level import Level, LevelMeter, PeakMeter
from bridge.audio.stemfile import Write
from bridge.units import DbTp, Frames, Progress

_THREADS = 2
"""soxr and the matrix products release the GIL; more threads would only take from the DAW."""

_SLICE_FRAMES = 8192
"""What is made of so many frames stays in the processor's cache, and below the size that malloc gives back at once."""


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
        for start in range(0, len(block), _SLICE_FRAMES):
            self._deliver(self._conform.push(block[start : start + _SLICE_FRAMES]))

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
    """Send each stem's blocks down its lane, two lanes at a time. Raises what a lane raises."""
    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="normalise") as pool:
        for blocks in sources:
            _each(pool, [partial(lane.take, block) for lane, block in zip(lanes, blocks, strict=True)])
            done += len(blocks[0])
            progress(done / frames)
        _each(pool, [lane.finish for lane in lanes])


def _each(pool: ThreadPoolExecutor, tasks: Sequence[Callable[[], None]]) -> None:
    for future in [pool.submit(task) for task in tasks]:
        future.result()
