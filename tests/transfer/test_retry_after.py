from __future__ import annotations

import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.transfer.retry_after import LONGEST_OBEYED_S, retry_after


@given(st.text() | st.integers().map(str))
def test_no_header_can_stop_a_job_for_longer_than_an_hour(header: str) -> None:
    seconds = retry_after(header, 0.0)
    assert seconds is None or 0 <= seconds <= LONGEST_OBEYED_S


@given(st.integers(0, 3600), st.integers(0, 2**31))
def test_a_date_is_as_good_as_seconds(seconds: int, now: int) -> None:
    assert retry_after(email.utils.formatdate(now + seconds, usegmt=True), float(now)) == seconds


@pytest.mark.parametrize("header", ["1000000000", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_far_in_the_future_is_cut_to_an_hour(header: str) -> None:
    assert retry_after(header, 0.0) == LONGEST_OBEYED_S


@pytest.mark.parametrize(
    "header",
    ["Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +2359", "31 Dec 2026 23:59:59 +99999"],
)
def test_a_date_beyond_the_calendar_is_ignored_and_never_a_crash(header: str) -> None:
    seconds = retry_after(header, 0.0)
    assert seconds is None or 0 <= seconds <= LONGEST_OBEYED_S
