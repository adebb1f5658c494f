from __future__ import annotations

from bridge.jobs.states import FINAL, TRANSITIONS, WORKING, State, allowed, diagram


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached_from_queued() -> None:
    reached, edge = {State.QUEUED}, {State.QUEUED}
    while edge:
        edge = {after for before in edge for after in TRANSITIONS[before]} - reached
        reached |= edge
    assert reached == set(State)


def test_a_job_can_fail_or_be_cancelled_wherever_somebody_works_on_it() -> None:
    for state in (*WORKING, State.QUEUED):
        assert allowed(state, State.FAILED)
        assert allowed(state, State.CANCELLED)


def test_nothing_follows_a_delivery() -> None:
    assert TRANSITIONS[State.DELIVERED] == {}


def test_working_and_final_states_are_different_ones_and_only_queued_is_neither() -> None:
    assert set(State) - WORKING - FINAL == {State.QUEUED}
    assert not WORKING & FINAL


def test_the_diagram_draws_each_transition() -> None:
    text = diagram()
    for before, targets in TRANSITIONS.items():
        for after in targets:
            assert f"    {before} --> {after}: " in text
