from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.audio.quantise import packed, quantiser, read_back

Samples = NDArray[np.float32]


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50))
def test_24_bits_take_the_nearest_step(values: list[float]) -> None:
    block = np.array(values, np.float32)[:, None]
    steps = quantiser(24, 0)(block)
    wanted = np.clip(block.astype(np.float64) * 2**23, -(2**23), 2**23 - 1)
    assert np.abs(steps - wanted).max() <= 0.5


@pytest.mark.parametrize("bits", [16, 24])
def test_overs_stop_at_full_scale(bits: int) -> None:
    steps = quantiser(bits, 0)(np.array([[3.0], [-3.0]], np.float32))
    assert steps.ravel().tolist() == [(1 << (bits - 1)) - 1, -(1 << (bits - 1))]


def test_silence_stays_silence_at_16_bits() -> None:
    assert not quantiser(16, 0)(np.zeros((1000, 2), np.float32)).any()


def test_dither_makes_the_error_independent_of_the_signal(noise: Callable[..., Samples]) -> None:
    quiet = np.full((200_000, 1), 0.3 / 32768, np.float32)
    steps = quantiser(16, 0)(quiet)
    assert steps.mean() == pytest.approx(0.3, abs=0.01)
    assert steps.var() == pytest.approx(0.25, abs=0.01)


def test_dither_is_the_same_for_the_same_seed_only(noise: Callable[..., Samples]) -> None:
    block = noise(1000)
    first, again, other = (quantiser(16, seed)(block) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("bits", [16, 24])
def test_readers_see_the_steps_as_parts_of_full_scale(bits: int) -> None:
    most = 1 << (bits - 1)
    seen = read_back(np.array([[-most, -1, 0, 1, most - 1]], np.int32), bits)
    assert seen.dtype == np.float32
    assert seen.ravel().tolist() == [-1.0, -1 / most, 0.0, 1 / most, (most - 1) / most]


@given(st.lists(st.integers(-(2**23), 2**23 - 1), max_size=40))
def test_24_bit_samples_are_packed_little_endian(values: list[int]) -> None:
    expected = b"".join(value.to_bytes(3, "little", signed=True) for value in values)
    assert packed(np.array(values, np.int32), 3) == expected
