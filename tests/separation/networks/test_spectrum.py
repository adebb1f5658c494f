from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.separation.networks.spectrum import istft, stft


@pytest.mark.parametrize(("size", "hop"), [(4096, 1024), (2048, 441), (2048, 512)])
@given(samples=st.integers(2_100, 9_000), seed=st.integers(0, 2**32 - 1))
def test_a_wave_comes_back_from_its_spectrum(size: int, hop: int, samples: int, seed: int) -> None:
    wave = np.random.default_rng(seed).standard_normal((2, samples)).astype(np.float32)
    # The last frame is centred at most half a window before the end: behind it there is nothing to come back from.
    back = istft(stft(wave, size, hop), hop, samples // hop * hop)
    assert np.abs(back - wave[:, : back.shape[1]]).max() < 1e-5


def test_a_sine_is_in_its_bin() -> None:
    wave = np.sin(2 * np.pi * 64 * np.arange(8192) / 2048)[None].astype(np.float32)
    spectrum = np.abs(stft(wave, 2048, 512))
    assert spectrum[0, :, 8].argmax() == 64
    assert spectrum[0, 64, 8] == pytest.approx(2048 / 4, rel=1e-4)
