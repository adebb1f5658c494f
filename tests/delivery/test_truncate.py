from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.truncate import cut

MARKED = st.text(st.sampled_from("aé́한ᅡ👩‍👩🏽🇩🇪🏴󠁧️ "), max_size=30)


@given(st.text(st.characters(exclude_categories=["Cs"])) | MARKED, st.integers(0, 60))
def test_a_cut_text_is_a_start_of_it_and_short_enough(text: str, limit: int) -> None:
    start = cut(text, limit)
    assert text.startswith(start)
    assert len(start.encode()) <= limit
    assert len(start.encode("utf-16-le")) // 2 <= limit


@given(MARKED, st.integers(0, 60))
def test_what_fits_stays_whole(text: str, limit: int) -> None:
    assert (cut(text, limit) == text) == (len(text.encode()) <= limit)


@pytest.mark.parametrize(
    "whole",
    ["é", "👩‍👩‍👧", "👍🏽", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "한", "க்‍ஷ", "❤️"],
    ids=["accent", "family", "skin tone", "flag", "scotland", "jamo", "conjunct", "variation"],
)
def test_a_character_as_seen_is_never_cut(whole: str) -> None:
    for limit in range(2, 2 + len(whole.encode())):
        assert cut(f"ab{whole}", limit) == "ab"
    assert cut(f"ab{whole}", 2 + len(whole.encode())) == f"ab{whole}"


def test_of_two_flags_the_first_stays() -> None:
    assert cut("🇩🇪🇫🇷", 15) == "🇩🇪"


def test_a_single_endless_character_is_cut_all_the_same() -> None:
    assert cut("a" + "\u0301" * 100, 11) == "a" + "\u0301" * 5
