"""Measure the level of a stream: loudness and true peak together, or the true peak alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bridge.audio.canonical import Block
from bridge.audio.kweighting import QUANTUM, Samples
from bridge.audio.loudness import Loudness
from bridge.audio.truepeak import HISTORY, TruePeak
from bridge.units import Db, DbTp, Hz, Lufs

SILENCE_DBTP = DbTp(-90.0)
"""A stem whose true peak stays below this (one step of 16 bits) is silent: it is never raised."""

_FRAMES = 8 * QUANTUM


@dataclass(frozen=True, slots=True)
class Level:
    """What was measured of one stream; both are -inf for digital silence."""

    peak: DbTp
    loudness: Lufs

    @property
    def silent(self) -> bool:
        """Whether nobody could hear it."""
        return self.peak < SILENCE_DBTP


@dataclass(frozen=True, slots=True)
class Written:
    """The level of a written file, and the highest sample, in dB of full scale, before an integer format clipped it."""

    level: Level
    sample_peak: Db


class LevelMeter:
    """Measures blocks of shape [frames, channels], of any length.

    >>> meter = LevelMeter(Hz(48000), 1)
    >>> meter.add(np.sin(2 * np.pi * 997 / 48000 * np.arange(96000, dtype=np.float32))[:, None])
    >>> level = meter.level()
    >>> round(level.loudness, 1), abs(level.peak) < 0.01
    (-3.0, True)
    """

    def __init__(self, sample_rate: Hz, channels: int) -> None:
        self._planes = _Planes(channels)
        self._loudness = Loudness(sample_rate, channels, _FRAMES)
        self._peak = TruePeak()

    def add(self, block: Block) -> None:
        """Measure one more block."""
        for plane in self._planes.add(block):
            self._measure(plane, _FRAMES)

    def level(self) -> Level:
        """Return the level of all that was added. Nothing can be added afterwards."""
        for plane, fresh in self._planes.rest():
            self._measure(plane, fresh)
        return Level(self._peak.result(), self._loudness.result())

    def _measure(self, plane: Samples, fresh: int) -> None:
        self._loudness.measure(plane[:, HISTORY:], fresh)
        self._peak.measure(plane)


class PeakMeter:
    """Measures only the true peak of blocks of shape [frames, channels], of any length; the loudness is -inf."""

    def __init__(self, channels: int) -> None:
        self._planes = _Planes(channels)
        self._peak = TruePeak()

    def add(self, block: Block) -> None:
        """Measure one more block."""
        for plane in self._planes.add(block):
            self._peak.measure(plane)

    def level(self) -> Level:
        """Return the level of all that was added. Nothing can be added afterwards."""
        for plane, _ in self._planes.rest():
            self._peak.measure(plane)
        return Level(self._peak.result(), Lufs(-math.inf))


class _Planes:
    """Gathers interleaved blocks into planes [channels, HISTORY + _FRAMES], one array used again and again.

    Fresh arrays of this size cost more in page faults than the copying itself.
    """

    def __init__(self, channels: int) -> None:
        self._plane = np.zeros((channels, HISTORY + _FRAMES), np.float32)
        self._filled = 0

    def add(self, block: Block) -> Iterator[Samples]:
        start = 0
        while start < len(block):
            part = block[start : start + _FRAMES - self._filled]
            at = HISTORY + self._filled
            self._plane[:, at : at + len(part)] = part.T
            self._filled += len(part)
            start += len(part)
            if self._filled == _FRAMES:
                yield self._plane
                self._begin_anew()

    def rest(self) -> Iterator[tuple[Samples, int]]:
        """Yield what is left, with how many of its frames are real, then the silence that interpolation looks into."""
        for _ in range(2):
            self._plane[:, HISTORY + self._filled :] = 0
            yield self._plane, self._filled
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._plane[:, :HISTORY] = self._plane[:, -HISTORY:]
        self._filled = 0
