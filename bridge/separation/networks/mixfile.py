"""The canonical mix as networks want it: at their rate, any part of it, as [channels, samples]."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

from bridge.audio.canonical import BLOCK_FRAMES, CanonicalWriter, float_wav
from bridge.audio.canonical import blocks as blocks_of
from bridge.audio.conform import Conform, frames_at
from bridge.audio.mix import Canonical
from bridge.errors import EngineFailed
from bridge.units import Hz

Real = NDArray[np.float32]
RATE = Hz(44_100)
"""The rate that every published network was trained at."""


class MixFile:
    """Reads a mix at 44.1 kHz; a context manager. One at another rate is resampled into `folder` first."""

    def __init__(self, mix: Path, folder: Path) -> None:
        """Raises `EngineFailed` for what is no canonical mix, `OSError`."""
        canonical = float_wav(mix)
        if canonical is None:
            raise EngineFailed(f"The mix {mix.name} is not a whole float32 WAV file.")
        self._made: Path | None = None
        if canonical.sample_rate != RATE:
            self._made = folder / "mix at 44.1 kHz.wav"
            canonical = _resampled(canonical, self._made)
        self.frames, self.channels = int(canonical.frames), canonical.channels
        self._file = soundfile.SoundFile(canonical.path)

    def __enter__(self) -> MixFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._made is not None:
            self._made.unlink(missing_ok=True)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The channels that are separated together: networks take two. A channel of its own stands twice."""
        if self.channels == 6:  # left and right, centre, low frequencies, left and right surround
            return [(0, 1), (2, 2), (3, 3), (4, 5)]
        pairs = [(first, first + 1) for first in range(0, self.channels - 1, 2)]
        return [*pairs, (self.channels - 1, self.channels - 1)] if self.channels % 2 else pairs

    def read(self, start: int, count: int) -> Real:
        """Return [channels, count] from sample `start` on; before the beginning and behind the end there are zeros."""
        first, last = max(0, start), min(self.frames, start + count)
        part = np.zeros((count, self.channels), np.float32)
        if last > first:
            self._file.seek(first)
            part[first - start : last - start] = self._file.read(last - first, "float32", always_2d=True)
        return np.ascontiguousarray(part.T)

    def mean_and_deviation(self, pair: tuple[int, int]) -> tuple[float, float]:
        """Return the mean and the standard deviation (N - 1) of the mean of two channels, over the whole mix."""
        total = squares = 0.0
        for start in range(0, self.frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, self.frames - start)
            mono = self.read(start, count)[list(pair)].mean(axis=0, dtype=np.float64)
            total += mono.sum()
            squares += mono @ mono
        mean = total / self.frames
        return mean, float(np.sqrt(max(0.0, squares - self.frames * mean**2) / max(1, self.frames - 1)))


def _resampled(mix: Canonical, path: Path) -> Canonical:
    frames = frames_at(mix.frames, mix.sample_rate, RATE)
    conform = Conform(mix.sample_rate, RATE, mix.channels, frames)
    with CanonicalWriter(path, RATE, mix.channels) as writer:
        for block in blocks_of(mix):
            writer.write(conform.push(block))
        writer.write(conform.finish())
    return Canonical(path, RATE, mix.channels, frames)
