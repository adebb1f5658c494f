from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@pytest.fixture
def noise() -> Callable[..., Samples]:
    """Makes noise of shape [frames, channels], the same for the same seed."""

    def make(frames: int, channels: int = 2, seed: int = 0, level: float = 0.1) -> Samples:
        made = np.random.default_rng(seed).standard_normal((frames, channels)) * level
        return made.astype(np.float32)

    return make
