from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import OverBudget
from bridge.separation.api.guard import admit, estimate, month_of
from bridge.units import Frames, Hz

RATE = Hz(48000)


def test_the_price_is_said_with_what_trimming_saves() -> None:
    price = estimate(Frames(121 * RATE), RATE, Frames(118 * RATE))
    assert price.minutes == 3
    assert price.trim is not None
    assert "3 started minutes" in price.sentence
    assert "would be 2" in price.sentence


def test_where_trimming_saves_nothing_nothing_is_said_of_it() -> None:
    for sounding in (None, Frames(60 * RATE), Frames(30 * RATE)):
        assert estimate(Frames(60 * RATE), RATE, sounding).sentence == "This costs 1 started minute."


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_the_cap_is_never_passed_and_always_usable_to_the_last_minute(minutes: int, used: int, cap: int) -> None:
    if used + minutes <= cap:
        admit(minutes, used, cap)
        return
    with pytest.raises(OverBudget) as raised:
        admit(minutes, used, cap)
    assert raised.value.parked == "needs_credit"
    assert f"{max(0, cap - used)} started minute" in raised.value.message


def test_without_a_cap_everything_is_admitted() -> None:
    admit(10**6, 10**6, None)


def test_a_month_ends_in_utc() -> None:
    assert [month_of(at) for at in (1796083199.0, 1796083200.0)] == ["2026-11", "2026-12"]
