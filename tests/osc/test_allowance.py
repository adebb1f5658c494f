from __future__ import annotations

from bridge.osc.allowance import Allowance
from tests.osc.oscdesk import Clock


def test_a_burst_is_granted_and_then_so_many_a_second(clock: Clock) -> None:
    allowance = Allowance(3, 2, clock)
    assert [allowance.take("a") for _ in range(5)] == [True, True, True, False, False]
    clock.now += 1
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]


def test_keys_do_not_share(clock: Clock) -> None:
    allowance = Allowance(1, 0, clock)
    assert (allowance.take("a"), allowance.take("a"), allowance.take("b")) == (True, False, True)


def test_of_too_many_keys_the_longest_unused_is_forgotten(clock: Clock) -> None:
    allowance = Allowance(1, 0, clock)
    for key in range(2000):
        assert allowance.take(key)
    assert not allowance.take(1999)
    assert allowance.take(0)
