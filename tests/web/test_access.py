from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.web.access import host_is_ours, token_matches


@pytest.mark.parametrize("header", ["127.0.0.1", "127.0.0.1:9124", "localhost:80", "[::1]:9124", "[::1]", "LOCALHOST"])
def test_this_machine_is_ours(header: str) -> None:
    assert host_is_ours(header)


@pytest.mark.parametrize(
    "header",
    [
        *("", "evil.example", "evil.example:9124", "127.0.0.1.evil.example", "localhost@evil.example", "[::2]"),
        *("evil.example@127.0.0.1", "127.0.0.1/evil.example", "127.0.0.1?x", "127.0.0.1:x", "[::1", "0.0.0.0"),
    ],
)
def test_any_other_name_is_a_strangers(header: str) -> None:
    assert not host_is_ours(header)


def test_a_name_that_was_configured_is_ours_in_any_case() -> None:
    assert host_is_ours("Studio.Example:9124", ["studio.example"])
    assert not host_is_ours("other.example", ["studio.example"])


@given(st.text())
def test_any_header_is_judged_without_an_error(header: str) -> None:
    assert host_is_ours(header) in (True, False)


def test_only_the_same_token_matches() -> None:
    assert token_matches("secret", "secret")
    assert not token_matches("secre", "secret")
    assert not token_matches("\ud800", "secret")
    assert not token_matches("", "")
