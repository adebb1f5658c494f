from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.server.rate import Rates

PAUSES = st.lists(st.floats(0, 30), max_size=200)


def test_without_a_limit_nobody_waits() -> None:
    rates = Rates(0)
    assert [rates.wait_s(1, 0.0) for _ in range(1000)] == [0.0] * 1000


def test_keys_do_not_take_from_each_other() -> None:
    rates = Rates(1)
    assert rates.wait_s(1, 0.0) == 0
    assert rates.wait_s(1, 0.0) == 60
    assert rates.wait_s(2, 0.0) == 0


@given(PAUSES, st.integers(1, 100))
def test_no_more_than_the_bucket_and_what_flows_in(pauses: list[float], calls_per_minute: int) -> None:
    rates = Rates(calls_per_minute)
    now = taken = 0.0
    for pause in pauses:
        now += pause
        taken += rates.wait_s(7, now) == 0
        assert taken <= calls_per_minute + now * calls_per_minute / 60 + 1e-6


@given(PAUSES, st.integers(1, 100))
def test_whoever_waits_as_told_is_let_in(pauses: list[float], calls_per_minute: int) -> None:
    rates = Rates(calls_per_minute)
    now = 0.0
    for pause in pauses:
        now += pause
        wait_s = rates.wait_s(7, now)
        if wait_s:
            now += wait_s + 1e-6
            assert rates.wait_s(7, now) == 0
