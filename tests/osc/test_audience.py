from __future__ import annotations

import pytest

from bridge.errors import OscError
from bridge.osc.audience import LONGEST_S, MOST_SUBSCRIBERS, Subscribers, Targets
from bridge.osc.options import Endpoint
from bridge.osc.peers import Outlet
from tests.osc.oscdesk import Clock, Ear, wait_for


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
    subscribers, ears = Subscribers(clock), [Ear() for _ in range(MOST_SUBSCRIBERS)]
    subscribers.add(ears, 10)
    subscribers.add(ears[:1], 20)
    with pytest.raises(OscError, match=str(MOST_SUBSCRIBERS)) as caught:
        subscribers.add([Ear()], 10)
    assert caught.value.code == "osc.full"
    clock.now += 10
    subscribers.add([Ear()], 10)
    assert len(subscribers.all()) == 2


def test_a_name_is_looked_up_beside_and_a_number_at_once(outlet: Outlet) -> None:
    number, name = Endpoint("127.0.0.1", 9000), Endpoint("LOCALHOST", 9001)
    targets = Targets(outlet, [number], [name])
    assert targets.all() == {outlet.at("127.0.0.1", 9000)}
    assert targets.peer(number) == outlet.at("127.0.0.1", 9000)
    assert targets.peer(name) is None
    targets.start()
    wait_for(lambda: targets.peer(name) is not None)
    targets.stop()
    assert targets.all() == {outlet.at("127.0.0.1", 9000)}


def test_a_name_that_is_not_found_is_told_in_the_log(outlet: Outlet, caplog: pytest.LogCaptureFixture) -> None:
    targets = Targets(outlet, [Endpoint("no-such-host.invalid", 9000)], [])
    targets.start()
    wait_for(lambda: "no-such-host.invalid" in caplog.text)
    targets.stop()
    assert targets.all() == set()
