from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.audio.conform import Conform, frames_at
from bridge.errors import EngineFailed
from bridge.units import Frames, Hz

Samples = NDArray[np.float32]
RATES = st.sampled_from([8000, 22050, 44100, 48000, 96000, 192000])


def conformed(samples: Samples, conform: Conform, step: int) -> Samples:
    parts = [conform.push(samples[start : start + step]) for start in range(0, len(samples), step)]
    return np.concatenate([*parts, conform.finish()])


@settings(max_examples=40, deadline=None)
@given(from_rate=RATES, to_rate=RATES, frames=st.integers(1, 20000), step=st.integers(100, 9000))
def test_any_stream_at_any_rate_has_the_exact_length(from_rate: int, to_rate: int, frames: int, step: int) -> None:
    wanted = frames_at(Frames(frames), Hz(from_rate), Hz(to_rate))
    conform = Conform(Hz(from_rate), Hz(to_rate), 2, wanted)
    assert conformed(np.ones((frames, 2), np.float32), conform, step).shape == (wanted, 2)


def test_streaming_gives_what_one_pass_gives(noise: Callable[..., Samples]) -> None:
    samples = noise(30000)
    conform = Conform(Hz(44100), Hz(48000), 2, frames_at(Frames(30000), Hz(44100), Hz(48000)))
    whole = soxr.resample(samples, 44100, 48000)
    streamed = conformed(samples, conform, 777)
    length = min(len(whole), len(streamed))
    np.testing.assert_array_equal(streamed[:length], whole[:length])


@pytest.mark.parametrize("off", [-2205, -100, 1, 2205])
def test_up_to_50_ms_are_cut_or_filled_with_silence(off: int, noise: Callable[..., Samples]) -> None:
    samples = noise(44100 + off)
    made = conformed(samples, Conform(Hz(44100), Hz(44100), 2, Frames(44100)), 5000)
    kept = min(44100, len(samples))
    np.testing.assert_array_equal(made[:kept], samples[:kept])
    assert len(made) == 44100
    assert not made[kept:].any()


@pytest.mark.parametrize(("off", "word"), [(-2206, "shorter"), (2206, "longer")])
def test_more_than_50_ms_are_an_error_that_says_how_much(off: int, word: str, noise: Callable[..., Samples]) -> None:
    with pytest.raises(EngineFailed, match=f"0.05 s {word}"):
        conformed(noise(44100 + off), Conform(Hz(44100), Hz(44100), 2, Frames(44100)), 5000)
