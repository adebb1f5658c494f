from __future__ import annotations

import pytest

from bridge.errors import OscError
from bridge.osc.subscribers import LONGEST_S, MOST, Subscribers
from tests.osc.oscdesk import Clock, Ear


def test_a_subscription_runs_out_unless_it_is_renewed(clock: Clock) -> None:
    subscribers, renewed, left = Subscribers(clock), Ear(), Ear()
    subscribers.add([renewed, left], 10)
    clock.now += 9
    subscribers.add([renewed], 10)
    clock.now += 1
    assert subscribers.all() == {renewed}
    clock.now += 9
    assert subscribers.all() == set()
    assert not subscribers


def test_no_seconds_end_a_subscription_and_ending_what_is_none_is_no_error(clock: Clock) -> None:
    subscribers, ear = Subscribers(clock), Ear()
    subscribers.add([ear], 10)
    subscribers.add([ear], 0)
    subscribers.add([ear], 0)
    assert subscribers.all() == set()


@pytest.mark.parametrize("seconds", [-1, LONGEST_S + 1])
def test_a_time_that_cannot_be_is_refused(clock: Clock, seconds: int) -> None:
    subscribers = Subscribers(clock)
    with pytest.raises(OscError, match=str(seconds)):
        subscribers.add([Ear()], seconds)
    assert not subscribers


def test_there_are_so_many_and_no_more_but_any_of_them_may_renew(clock: Clock) -> None:
    subscribers, ears = Subscribers(clock), [Ear() for _ in range(MOST)]
    subscribers.add(ears, 10)
    subscribers.add(ears[:1], 20)
    with pytest.raises(OscError, match=str(MOST)) as caught:
        subscribers.add([Ear()], 10)
    assert caught.value.code == "osc.full"
    clock.now += 10
    subscribers.add([Ear()], 10)
    assert len(subscribers.all()) == 2
