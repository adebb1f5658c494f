"""What happens to each stem in each of the two passes: measure it, or write it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

import numpy as np

from bridge.audio.canonical import Block
from bridge.audio.conform import Conform
from bridge.audio.gain import Level
from bridge.audio.loudness import LoudnessMeter
from bridge.audio.stemfile import Write
from bridge.audio.truepeak import TruePeakMeter
from bridge.units import Frames, Hz, Progress

_THREADS = 2
"""soxr and the matrix products release the GIL; more threads would only take from the DAW."""


class Lane(Protocol):
    """Takes the blocks of one stem, in order, and is told when there are no more."""

    def take(self, block: Block) -> None:
        """Take samples of shape [frames, channels]."""

    def finish(self) -> None:
        """Know that there are no more."""


class MeasureLane:
    """Measures a stem as it will be delivered, but for its gain."""

    def __init__(self, conform: Conform, sample_rate: Hz, channels: int) -> None:
        self._conform = conform
        self._loudness = LoudnessMeter(sample_rate, channels)
        self._peak = TruePeakMeter(channels)

    def take(self, block: Block) -> None:
        """Measure one more block."""
        self._measure(self._conform.push(block))

    def finish(self) -> None:
        """Measure what the resampler still holds."""
        self._measure(self._conform.finish())

    def level(self) -> Level:
        """Return what was measured, once finished."""
        return Level(self._peak.peak(), self._loudness.loudness())

    def _measure(self, block: Block) -> None:
        planar = np.ascontiguousarray(block.T)
        self._loudness.add(planar)
        self._peak.add(planar)


class WriteLane:
    """Writes a stem with its gain."""

    def __init__(self, conform: Conform, gain_db: float, write: Write) -> None:
        self._conform, self._write = conform, write
        self._gain = np.float32(10 ** (gain_db / 20))

    def take(self, block: Block) -> None:
        """Write what one more block makes possible."""
        self._write(self._conform.push(block) * self._gain)

    def finish(self) -> None:
        """Write the rest."""
        self._write(self._conform.finish() * self._gain)


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
