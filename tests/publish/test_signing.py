from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.publish.signing import SIGNATURE_LENGTH, sign, verify

KEY = b"k" * 32
LINES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=30)
TIMES = st.integers(0, 10**10)


@given(LINES, LINES, TIMES)
def test_a_signature_holds_until_its_end_and_not_a_moment_longer(method: str, name: str, expires: int) -> None:
    signature = sign(KEY, method, name, expires)
    assert len(signature) == SIGNATURE_LENGTH
    assert verify(KEY, method, name, expires, signature, expires - 0.001)
    assert not verify(KEY, method, name, expires, signature, expires)


@given(st.tuples(LINES, LINES, TIMES), st.tuples(LINES, LINES, TIMES))
def test_a_signature_is_good_for_nothing_else(signed: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    signature = sign(KEY, *signed)
    assert verify(KEY, *other, signature, other[2] - 1) == (signed == other)
    assert not verify(b"x" * 32, *signed, signature, 0)


@given(LINES, TIMES, st.text(max_size=60))
def test_a_made_up_signature_is_refused(name: str, expires: int, made_up: str) -> None:
    assert not verify(KEY, "GET", name, expires, made_up, -1) or made_up == sign(KEY, "GET", name, expires)


def test_the_signature_is_hmac_sha_256_in_base64url() -> None:
    # Computed with: printf 'GET\nsong\n9' | openssl dgst -sha256 -hmac key -binary | basenc --base64url
    assert sign(b"key", "GET", "song", 9) == "xYfrULTJ3twqxL3BbBi8a53kNyrKCXCJMvqyocVIQ5I"


def test_a_name_of_two_lines_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="one line"):
        sign(KEY, "GET", "a\nb", 1)
