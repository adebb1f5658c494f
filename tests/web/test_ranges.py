from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.web.ranges import Unsatisfiable, wanted

SIZES = st.integers(0, 10**12)
NUMBERS = st.integers(0, 10**13)


@given(st.one_of(st.text(), st.builds("bytes={}-{}".format, NUMBERS | st.just(""), NUMBERS | st.just(""))), SIZES)
def test_what_is_sent_always_lies_within_the_file(header: str, size: int) -> None:
    try:
        part = wanted(header, size)
    except Unsatisfiable:
        return
    if part is not None:
        begin, count = part
        assert 0 <= begin < size
        assert 0 < count <= size - begin


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes=٣-٤"])
def test_a_range_that_makes_no_sense_is_passed_over(header: str) -> None:
    assert wanted(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted(header, 10)


@given(st.integers(1, 10**9), st.data())
def test_ranges_that_follow_each_other_give_the_whole_file(size: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, size))
    assert wanted(f"bytes=0-{cut - 1}", size) == (0, cut)
    if cut < size:
        assert wanted(f"Bytes={cut}-", size) == (cut, size - cut)
        assert wanted(f"bytes=-{size - cut}", size) == (cut, size - cut)
