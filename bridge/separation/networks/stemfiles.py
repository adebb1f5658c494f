"""The stems that a network makes, written as they come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from bridge.audio.canonical import CanonicalWriter
from bridge.separation.networks.mixfile import RATE

Real = NDArray[np.float32]


class StemFiles:
    """One float32 WAV at 44.1 kHz for each stem; a context manager. Raises `OSError`."""

    def __init__(self, folder: Path, names: Sequence[str], pairs: Sequence[tuple[int, int]]) -> None:
        """`pairs` are the channels that were separated together: see `MixFile.pairs`."""
        self.paths = {name: folder / f"{name}.wav" for name in names}
        self._pairs = pairs
        self._stack = ExitStack()
        self._writers: list[CanonicalWriter] = []

    def __enter__(self) -> StemFiles:
        channels = sum(1 if first == second else 2 for first, second in self._pairs)
        for path in self.paths.values():
            self._writers.append(self._stack.enter_context(CanonicalWriter(path, RATE, channels)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, samples: Real) -> None:
        """Append samples [pairs, stems, 2, count]; a pair that is one channel twice becomes that channel."""
        for index, writer in enumerate(self._writers):
            columns = [
                part.mean(axis=0, keepdims=True) if first == second else part
                for part, (first, second) in zip(samples[:, index], self._pairs, strict=True)
            ]
            writer.write(np.concatenate(columns).T.astype(np.float32))
