from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.jobs.events import JobEvent
from bridge.jobs.job import Failure, Job
from bridge.jobs.states import FINAL, TRANSITIONS, State
from bridge.jobs.tracker import PROGRESS_EVERY_S, JobTracker
from bridge.osc import outgoing
from tests.osc.oscdesk import Jobs, Message, read

STATE, PROGRESS, DONE = "/stembridge/job/state", "/stembridge/job/progress", "/stembridge/job/done"


def heard(events: Iterable[JobEvent]) -> list[Message]:
    return [read(packet) for packet in outgoing.packets(events)]


def test_a_new_job_is_accepted_first(make_job: Jobs) -> None:
    news = JobTracker(make_job()).begin(0.0)
    assert (news.began, news.moved) == (True, True)
    assert heard(news.events) == [
        ("/stembridge/job/accepted", "abcdefgh", "Song"),
        (STATE, "abcdefgh", "Song", "queued"),
        (PROGRESS, "abcdefgh", 0.0, ""),
    ]


def test_a_job_that_is_first_heard_of_at_its_end_is_not_said_to_be_accepted(make_job: Jobs) -> None:
    news = JobTracker(make_job(State.CANCELLED)).begin(0.0)
    assert not news.began
    assert heard(news.events) == [(STATE, "abcdefgh", "Song", "cancelled")]


def test_a_state_is_said_when_it_changes_and_not_again(make_job: Jobs) -> None:
    report = JobTracker(make_job())
    assert heard(report.change(make_job(State.SEPARATING), 0.0).events) == [(STATE, "abcdefgh", "Song", "separating")]
    assert report.change(make_job(State.SEPARATING), 0.0).events == []


def test_progress_comes_ten_times_a_second_and_the_last_of_it_is_not_lost(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING))
    assert heard(report.change(make_job(State.SEPARATING, progress=0.25, step="a"), 5.0).events) == [
        (PROGRESS, "abcdefgh", 0.25, "a")
    ]
    assert report.change(make_job(State.SEPARATING, progress=0.375, step="b"), 5.01).events == []
    assert report.change(make_job(State.SEPARATING, progress=0.5, step="c"), 5.02).events == []
    assert report.due == 5.0 + PROGRESS_EVERY_S
    assert heard(report.progress(report.due)) == [(PROGRESS, "abcdefgh", 0.5, "c")]
    assert report.due is None


def test_progress_that_was_held_back_is_dropped_when_the_state_changes(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING))
    report.change(make_job(State.SEPARATING, progress=0.25), 5.0)
    report.change(make_job(State.SEPARATING, progress=0.5), 5.01)
    report.change(make_job(State.CANCELLED), 5.02)
    assert report.progress(9.0) == []


def test_a_new_step_is_said_with_the_fraction_that_was_said_before(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING))
    report.change(make_job(State.SEPARATING, progress=0.5, step="a"), 1.0)
    assert heard(report.change(make_job(State.SEPARATING, progress=0.25, step="b"), 2.0).events) == [
        (PROGRESS, "abcdefgh", 0.5, "b")
    ]


def test_progress_begins_anew_when_the_job_is_queued_again(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING))
    report.change(make_job(State.SEPARATING, progress=0.5, step="a"), 1.0)
    report.change(make_job(State.FAILED), 2.0)
    report.change(make_job(State.QUEUED), 3.0)
    assert heard(report.change(make_job(State.SEPARATING, progress=0.125, step="a"), 4.0).events) == [
        (STATE, "abcdefgh", "Song", "separating"),
        (PROGRESS, "abcdefgh", 0.125, "a"),
    ]


def test_a_snapshot_that_was_overtaken_is_passed_over(make_job: Jobs) -> None:
    late = make_job(State.SEPARATING, progress=0.5)
    report = JobTracker(make_job(State.DELIVERED))
    assert report.change(late, 1.0).events == []
    assert report.job.state is State.DELIVERED


def test_a_job_that_was_taken_up_is_not_queued_by_news_of_its_beginning_that_comes_late(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING, attempt=1))
    assert report.change(make_job(State.QUEUED, attempt=0), 1.0).events == []


def test_a_clock_that_was_set_back_silences_no_job(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING, updated=1e9))
    assert report.change(make_job(State.NORMALISING, updated=1.0), 1.0).moved


def test_a_failure_is_told_with_what_to_do(make_job: Jobs) -> None:
    report = JobTracker(make_job(State.SEPARATING))
    failure = Failure("engine.failed", "It broke.", "Try again.", retryable=True)
    assert heard(report.change(make_job(State.FAILED, failure=failure), 1.0).events) == [
        (STATE, "abcdefgh", "Song", "failed"),
        ("/stembridge/job/error", "abcdefgh", "engine.failed", "It broke. Try again."),
    ]


SNAPSHOTS = st.lists(st.tuples(st.integers(0, 11), st.floats(0, 1), st.sampled_from("abc"), st.floats(0, 0.3)))
THROUGH = [(1, 0.5, "a", 0.0), (1, 0.5, "a", 0.2), (1, 0.5, "b", 0.0), (1, 0.5, "b", 0.0)]


@given(SNAPSHOTS)
@example(THROUGH)
def test_whatever_a_job_does_its_feedback_keeps_the_rules(snapshots: list[tuple[int, float, str, float]]) -> None:
    make_job, now, said = Jobs(), 0.0, list[tuple[float, Message]]()
    report = JobTracker(make_job())
    said += [(now, message) for message in heard(report.begin(now).events)]
    state = State.QUEUED
    for after, fraction, step, pause in snapshots:
        now += pause
        ways = [state, *TRANSITIONS[state]]
        state = ways[after % len(ways)]
        job: Job = make_job(state, progress=fraction, step=step)
        said += [(now, message) for message in heard(report.change(job, now).events)]
    words = [message for _, message in said]
    assert [message[0] for message in words].count("/stembridge/job/accepted") == 1
    for attempt in _split_at_queued(said):
        progress = [(at, message[2]) for at, message in attempt if message[0] == PROGRESS]
        assert progress == sorted(progress)
        if any(message[0] == DONE for _, message in attempt):
            assert progress.pop()[1] == 1.0  # which comes with the end, however soon that is
        assert all(later - at >= PROGRESS_EVERY_S - 1e-9 for (at, _), (later, _) in pairwise(progress))
    states = [message[3] for message in words if message[0] == STATE]
    assert all(one != other for one, other in pairwise(states))
    ends = [message for message in words if message[0].endswith(("/done", "job/error"))]
    assert len(ends) == sum(State(each) in FINAL - {State.CANCELLED} for each in states)


def _split_at_queued(said: list[tuple[float, Message]]) -> list[list[tuple[float, Message]]]:
    attempts: list[list[tuple[float, Message]]] = [[]]
    for at, message in said:
        if message[0] == STATE and message[3] == "queued":
            attempts.append([])
        attempts[-1].append((at, message))
    return attempts
