from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import AnswerLost, CloudError, NotSent, ProtocolError
from bridge.protocol.codes import TRANSIENT, Code
from bridge.protocol.messages import Envelope, TaskData
from bridge.protocol.refusals import refusal
from bridge.separation.api.waiting import (
    BOUNDED_TRIES,
    FIRST_S,
    LONGEST_S,
    QUIET_LONGEST_S,
    QUIET_S,
    TROUBLE_LONGEST_S,
    Patience,
    Trouble,
)

CHANCE = st.floats(0, 1, exclude_max=True)
NEWS = st.builds(TaskData, st.sampled_from(["waiting", "running"]), progress=st.none() | st.floats(0, 1))


@given(CHANCE, st.lists(NEWS, min_size=1, max_size=60))
def test_a_task_is_never_asked_for_too_often_nor_forgotten(chance: float, news: list[TaskData]) -> None:
    now = 0.0
    patience = Patience(lambda: chance, now)
    for data in news:
        delay = patience.after(data, now)
        assert FIRST_S <= delay <= (QUIET_LONGEST_S if patience.quiet(now) else LONGEST_S)
        now += delay


@given(CHANCE)
def test_without_a_figure_the_intervals_grow_from_two_seconds_to_fifteen(chance: float) -> None:
    patience = Patience(lambda: chance, 0.0)
    delays = [patience.after(TaskData("waiting"), 0.0) for _ in range(20)]
    assert delays == sorted(delays)
    assert delays[0] <= FIRST_S * 1.2
    assert delays[-1] >= LONGEST_S * 0.8


def test_a_figure_of_progress_says_when_to_ask() -> None:
    patience = Patience(lambda: 0.5, 0.0)
    assert patience.after(TaskData("running", progress=0.5), 40.0) == pytest.approx(10.0)
    assert patience.after(TaskData("running", progress=0.99), 80.0) == pytest.approx(FIRST_S * 1.25)


def test_silence_of_a_quarter_of_an_hour_is_told_and_slows_the_asking_but_ends_nothing() -> None:
    patience = Patience(lambda: 0.5, 0.0)
    data = TaskData("running", progress=0.4)
    patience.after(data, 10.0)
    assert not patience.quiet(10.0 + QUIET_S - 1)
    for hours in (1, 10, 100, 10000):
        assert patience.after(data, hours * 3600.0) == QUIET_LONGEST_S
        assert patience.quiet(hours * 3600.0)
    patience.after(TaskData("running", progress=0.5), 1e8)
    assert not patience.quiet(1e8)


@pytest.mark.parametrize("error", [NotSent("offline"), AnswerLost("cut"), refusal(Envelope.of(Code.RATE_LIMITED))])
def test_being_offline_or_slowed_down_is_waited_out_however_long(error: CloudError) -> None:
    trouble = Trouble(lambda: 0.5)
    assert [trouble.after(error) for _ in range(5000)][-1] == TROUBLE_LONGEST_S


@pytest.mark.parametrize("code", sorted(TRANSIENT))
def test_a_code_that_is_known_to_pass_is_tried_a_bounded_number_of_times(code: int) -> None:
    trouble = Trouble(lambda: 0.5)
    error = refusal(Envelope(code, {}, "x"))
    for _ in range(BOUNDED_TRIES - 1):
        trouble.after(error)
    with pytest.raises(CloudError) as raised:
        trouble.after(error)
    assert raised.value is error


def test_one_good_answer_gives_back_all_patience() -> None:
    trouble = Trouble(lambda: 0.5)
    for _ in range(10 * BOUNDED_TRIES):
        first = trouble.after(ProtocolError("a hotel's page"))
        trouble.over()
    assert first == trouble.after(NotSent("offline"))


@pytest.mark.parametrize("code", [*(c for c in Code if c // 1000 == 101 and c not in (101003, 101004)), 100100, 7])
def test_what_a_person_must_mend_is_not_waited_for(code: int) -> None:
    with pytest.raises(CloudError):
        Trouble(lambda: 0.5).after(refusal(Envelope(code, {}, "x")))


def test_what_the_service_asks_for_is_honoured() -> None:
    assert Trouble(lambda: 0.5).after(refusal(Envelope.of(Code.RATE_LIMITED), 500.0)) == 500.0
