from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.protocol.minutes import TrimHint, minutes_of, started_minutes, trim_hint
from bridge.units import Frames, Hz

RATES = st.sampled_from([8000, 44100, 48000, 96000, 192000]).map(Hz)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 0), (0.01, 1), (1, 1), (60, 1), (60.4, 2), (61, 2), (120, 2), (121, 3), (180, 3)]
)
def test_minutes_are_billed_as_they_are_started(seconds: float, minutes: int) -> None:
    assert started_minutes(seconds) == minutes


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_what_is_no_length_cannot_be_billed(seconds: float) -> None:
    with pytest.raises(ValueError):
        started_minutes(seconds)


@given(st.integers(1, 24 * 60), RATES)
def test_a_full_minute_is_exact_and_one_frame_more_starts_the_next(minutes: int, rate: Hz) -> None:
    full = Frames(minutes * 60 * rate)
    assert (minutes_of(full, rate), minutes_of(Frames(full + 1), rate)) == (minutes, minutes + 1)


@given(st.integers(1, 10**9), st.integers(-5, 10**9 + 5), RATES)
def test_a_hint_says_what_is_really_saved(frames: int, sounding: int, rate: Hz) -> None:
    hint = trim_hint(Frames(frames), Frames(sounding), rate)
    if hint is None:
        assert minutes_of(Frames(min(max(sounding, 1), frames)), rate) == minutes_of(Frames(frames), rate)
    else:
        assert 1 <= hint.frames < frames
        assert hint.minutes == minutes_of(hint.frames, rate) == minutes_of(Frames(frames), rate) - hint.saved
        assert hint.saved > 0


def test_a_tail_of_silence_past_a_full_minute_is_worth_a_hint() -> None:
    rate = Hz(48000)
    assert trim_hint(Frames(61 * rate), Frames(59 * rate), rate) == TrimHint(Frames(59 * rate), 1, 1)
    assert trim_hint(Frames(59 * rate), Frames(2 * rate), rate) is None
