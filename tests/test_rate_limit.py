from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bridge.rate_limit import MOST_KEYS, RateLimit

PAUSES = st.lists(st.floats(0, 30), max_size=200)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_granted_and_then_so_many_a_second() -> None:
    clock = Clock()
    limit = RateLimit(3, 2, clock)
    assert [limit.take("a") for _ in range(5)] == [True, True, True, False, False]
    clock.now += 1
    assert [limit.take("a") for _ in range(3)] == [True, True, False]


def test_keys_do_not_take_from_each_other() -> None:
    limit = RateLimit(1, 1 / 60, Clock())
    assert limit.wait_s(1) == 0
    assert limit.wait_s(1) == 60
    assert limit.wait_s(2) == 0


def test_of_too_many_keys_the_longest_unused_is_forgotten() -> None:
    limit = RateLimit(1, 0, Clock())
    for key in range(2 * MOST_KEYS):
        assert limit.take(key)
    assert not limit.take(2 * MOST_KEYS - 1)
    assert limit.take(0)


def test_a_bucket_that_nothing_flows_into_stays_empty() -> None:
    limit = RateLimit(1, 0, Clock())
    assert (limit.wait_s(), limit.wait_s()) == (0, math.inf)


@given(PAUSES, st.integers(1, 100))
def test_no_more_than_the_bucket_and_what_flows_in(pauses: list[float], a_minute: int) -> None:
    clock = Clock()
    limit = RateLimit(a_minute, a_minute / 60, clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += limit.take(7)
        assert taken <= a_minute + clock.now * a_minute / 60 + 1e-6


@given(PAUSES, st.integers(1, 100))
def test_who_waits_as_told_gets_a_token(pauses: list[float], a_minute: int) -> None:
    clock = Clock()
    limit = RateLimit(a_minute, a_minute / 60, clock)
    for pause in pauses:
        clock.now += pause
        wait_s = limit.wait_s(7)
        if wait_s:
            clock.now += wait_s + 1e-6
            assert limit.take(7)
