"""The short-time Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.separation.preview.stft import analyse, synthesise, window_size
from bridge.units import Hz


@pytest.mark.parametrize("size", [64, 1024, 4096])
def test_what_was_analysed_is_put_together_again(size: int) -> None:
    samples = np.random.default_rng(2).normal(size=6 * size).astype(np.float32)
    again = synthesise(analyse(samples, size), size)
    assert again.shape == samples.shape
    inner = slice(size, -size)
    np.testing.assert_allclose(again[inner], samples[inner], atol=1e-5)


def test_a_sine_stands_at_its_bin() -> None:
    samples = np.sin(2 * np.pi * 50 / 1024 * np.arange(8192)).astype(np.float32)
    assert set(np.argmax(np.abs(analyse(samples, 1024)), axis=1)) == {50}


@pytest.mark.parametrize(("rate", "size"), [(8000, 1024), (44100, 4096), (48000, 4096), (96000, 8192), (192000, 16384)])
def test_a_window_is_the_nearest_power_of_two(rate: int, size: int) -> None:
    assert window_size(0.0929, Hz(rate)) == size
