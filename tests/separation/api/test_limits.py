from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bridge.protocol.codes import Code
from bridge.protocol.messages import Envelope
from bridge.protocol.refusals import refusal
from bridge.separation.api.limits import LONGEST_HOLD_S, PROBE_S, Concurrency, Rate
from bridge.separation.api.throttle import Throttle

if TYPE_CHECKING:
    from tests.separation.api.conftest import Onlooker


@given(st.integers(0, 50))
def test_a_refusal_says_how_many_may_run(running: int) -> None:
    limit = Concurrency()
    assert limit.room(running, 0.0)
    limit.refused(running, 0.0)
    assert limit.room(max(0, running - 1), 1.0)
    assert not limit.room(max(1, running), 1.0)


def test_a_higher_limit_is_found_again_after_a_while() -> None:
    limit = Concurrency()
    limit.refused(2, 0.0)
    assert not limit.room(2, PROBE_S - 1)
    assert limit.room(2, PROBE_S)
    assert not limit.room(3, PROBE_S + 1)


def test_a_first_task_may_always_try() -> None:
    limit = Concurrency()
    limit.refused(0, 0.0)  # another program uses the key
    assert limit.room(0, 0.0)


@given(st.lists(st.none() | st.floats(0, 3600), min_size=1, max_size=20), st.floats(0, 1, exclude_max=True))
def test_a_rate_holds_at_least_as_long_as_the_service_asks(asked: list[float | None], chance: float) -> None:
    rate = Rate(lambda: chance)
    for seconds in asked:
        rate.refused(seconds, 0.0)
        assert rate.hold(0.0) >= (seconds or 0.0)
    assert rate.hold(0.0) <= max(LONGEST_HOLD_S, *(seconds or 0.0 for seconds in asked))
    assert rate.hold(rate.hold(0.0)) == 0


def test_the_gate_lets_one_wait_until_another_has_left(watch: Onlooker) -> None:
    throttle = Throttle(lambda: 0.5, lambda: watch.now)
    throttle.enter("a", watch)
    throttle.enter("b", watch)
    throttle.learn("b", refusal(Envelope.of(Code.CONCURRENCY_LIMITED)))
    watch.on_wait = lambda seconds: throttle.leave("a") if watch.now > 60 else None
    throttle.enter("b", watch)
    assert 60 < watch.now < 70


def test_a_rate_limit_holds_every_task_of_the_key(watch: Onlooker) -> None:
    throttle = Throttle(lambda: 0.5, lambda: watch.now)
    throttle.enter("a", watch)
    throttle.learn("a", refusal(Envelope.of(Code.RATE_LIMITED), 120.0))
    throttle.pause(watch)
    assert watch.now >= 120
    throttle.learn("a", None)
    throttle.enter("b", watch)
    assert watch.now < 130


def test_many_threads_never_pass_a_limit_that_is_known(watch: Onlooker) -> None:
    throttle = Throttle(lambda: 0.5, lambda: 0.0)
    for name in ("a", "b", "c"):
        throttle.enter(name, watch)
    throttle.learn("c", refusal(Envelope.of(Code.CONCURRENCY_LIMITED)))
    for name in ("a", "b"):
        throttle.leave(name)
    inside, most, lock = set[str](), [0], threading.Lock()

    class Sleepless:
        progress = notice = staticmethod(lambda *_: None)
        check = staticmethod(lambda: None)

        def wait(self, seconds: float) -> None:
            threading.Event().wait(0.001)

    def work(name: str) -> None:
        for _ in range(20):
            throttle.enter(name, Sleepless())
            with lock:
                inside.add(name)
                most[0] = max(most[0], len(inside))
            with lock:
                inside.discard(name)
            throttle.leave(name)

    threads = [threading.Thread(target=work, args=(f"t{at}",)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= 2
