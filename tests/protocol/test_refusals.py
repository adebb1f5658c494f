from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.protocol.codes import TRANSIENT, Code, Reaction, reaction
from bridge.protocol.messages import Envelope
from bridge.protocol.refusals import UnknownCode, refusal

REFUSED = [code for code in Code if code is not Code.SUCCESS]


@pytest.mark.parametrize("code", REFUSED)
def test_each_documented_code_has_an_error_of_its_own_with_a_way_out(code: Code) -> None:
    error = refusal(Envelope.of(code), 7.0)
    assert type(error) is not UnknownCode
    assert str(int(code)) in error.message
    assert error.advice
    assert error.retry_after_s == 7.0
    assert error.answered == code


def test_no_two_codes_share_an_error() -> None:
    assert len({type(refusal(Envelope.of(code))) for code in REFUSED}) == len(REFUSED)


@pytest.mark.parametrize("code", REFUSED)
def test_what_the_error_says_of_the_job_is_what_the_code_asks_for(code: Code) -> None:
    error = refusal(Envelope.of(code))
    assert {
        Reaction.STOP_SUBMITTING: ("needs_credit", False),
        Reaction.BACK_OFF: ("", True),
        Reaction.PARK: ("needs_review", False),
    }[reaction(code)] == (error.parked, error.retryable)


@given(st.integers().filter(lambda code: code not in set(Code)), st.text())
def test_an_unknown_code_is_shown_with_its_message(code: int, message: str) -> None:
    error = refusal(Envelope(code, {}, message))
    assert type(error) is UnknownCode
    assert not error.retryable
    assert not error.fails_over
    assert str(code) in error.message
    assert error.message.isprintable()
    assert reaction(code) is Reaction.SHOW


def test_an_error_survives_the_way_from_another_process() -> None:
    again = pickle.loads(pickle.dumps(refusal(Envelope.of(Code.RATE_LIMITED), 3.0)))
    assert (again.answered, again.retry_after_s, again.code) == (101003, 3.0, "service.rate")


def test_what_was_seen_in_the_wild_is_not_documented() -> None:
    assert not TRANSIENT & set(Code)
