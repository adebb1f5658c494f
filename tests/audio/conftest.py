from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]
WriteFloat = Callable[..., Path]


@pytest.fixture
def noise() -> Callable[..., Samples]:
    """Makes noise of shape [frames, channels], the same for the same seed."""

    def make(frames: int, channels: int = 2, seed: int = 0, level: float = 0.1) -> Samples:
        made = np.random.default_rng(seed).standard_normal((frames, channels)) * level
        return made.astype(np.float32)

    return make


@pytest.fixture
def write_float(tmp_path: Path) -> WriteFloat:
    """Writes a float32 WAV into the test's folder."""

    def write(name: str, samples: Samples, rate: int = 44100) -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate, subtype="FLOAT", format="WAV")
        return path

    return write
