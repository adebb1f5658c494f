from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.inbox.settling import Instant, Pace, Ready, Settling, was_suspended
from bridge.jobs.arrival import Signature

OLD, NEW = Signature(1, 100, 1), Signature(1, 200, 2)


def ready_at(settling: Settling, path: str, signature: Signature) -> float:
    """Look whenever a look is due, finding the same signature, and return when the file is ready."""
    while True:
        now = settling.next_due()
        for due in settling.take_due(now):
            if settling.check(due, signature, now) is not None:
                assert due == path
                return now


def test_a_file_settles_after_two_five_or_fifteen_seconds() -> None:
    for remote, closed, expected in [(False, True, 2.0), (False, False, 5.0), (True, False, 15.0), (True, True, 15.0)]:
        settling = Settling(Pace(2.0, remote=remote))
        settling.see("a", OLD, 0.0)
        if closed:
            settling.close("a", OLD, 0.0)
        assert ready_at(settling, "a", OLD) == expected


def test_a_close_counts_only_for_the_signature_it_left() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    settling.close("a", OLD, 0.0)
    settling.see("a", NEW, 1.0)
    assert ready_at(settling, "a", NEW) == 6.0


def test_a_change_found_when_due_begins_the_wait_anew() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    assert settling.take_due(5.0) == ["a"]
    assert settling.check("a", NEW, 5.0) is None
    assert ready_at(settling, "a", NEW) == 10.0


def test_an_unfinished_file_is_waited_for_a_minute_and_then_taken_as_it_is() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    assert ready_at(settling, "a", OLD) == 5.0
    settling.unfinished("a", OLD, 5.0)
    now = 0.0
    ready: Ready | None = None
    while ready is None:
        now = settling.next_due()
        for path in settling.take_due(now):
            ready = settling.check(path, OLD, now)
    assert (now, ready) == (60.0, Ready("a", OLD, insist=True))


def test_an_unfinished_file_that_grows_is_ready_after_its_usual_wait() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    ready_at(settling, "a", OLD)
    settling.unfinished("a", OLD, 5.0)
    settling.see("a", NEW, 30.0)
    assert ready_at(settling, "a", NEW) == 35.0


def test_a_file_that_changes_while_it_is_copied_stays_a_candidate() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    ready_at(settling, "a", OLD)
    settling.see("a", NEW, 6.0)
    settling.accepted("a", OLD)
    assert "a" in settling
    settling.accepted("a", NEW)
    assert "a" not in settling


def test_after_a_sleep_standing_still_is_counted_anew() -> None:
    settling = Settling(Pace(2.0))
    settling.see("a", OLD, 0.0)
    settling.restart(100.0)
    assert ready_at(settling, "a", OLD) == 105.0


@given(st.lists(st.tuples(st.floats(0.01, 4.0), st.booleans(), st.booleans()), max_size=30))
def test_what_is_ready_has_stood_still_for_the_settling_time(steps: list[tuple[float, bool, bool]]) -> None:
    """The law, for any order of changes, closes and looks: each change leaves another modification time."""
    settling, now, since, current = Settling(Pace(2.0)), 0.0, 0.0, OLD
    settling.see("a", current, now)
    for number, (wait, change, close) in enumerate(steps):
        now += wait
        if change:
            current, since = Signature(1, 100, 2 + number), now
        if close:
            settling.close("a", current, now)
        for path in settling.take_due(now):
            if settling.check(path, current, now) is not None:
                assert now - since >= 2.0
                settling.postpone(path, now)


@pytest.mark.parametrize(
    ("monotonic", "wall", "expected"),
    [(30.0, 30.0, False), (0.1, 0.1, False), (30.0, 3630.0, True), (3630.0, 3630.0, True), (10.0, -3590.0, True)],
    ids=["waited", "woken early", "slept on Linux", "slept on Windows or was stopped", "the clock was set"],
)
def test_a_sleep_shows_in_the_clocks(monotonic: float, wall: float, expected: bool) -> None:
    before = Instant(1000.0, 5000.0)
    assert was_suspended(before, Instant(1000.0 + monotonic, 5000.0 + wall), planned_s=30.0) is expected
