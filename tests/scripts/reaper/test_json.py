"""JSON in Lua means what JSON in Python means, and takes nothing that is not JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scripts.reaper.conftest import Studio

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
RELAXED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def lua_json(studio: Studio) -> Any:
    return studio.part("json")


@RELAXED
@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_python_writes_is_read_and_written_back(
    lua_json: Any, value: Any, ascii_only: bool, indent: int | None
) -> None:
    decoded = lua_json.decode(json.dumps(value, ensure_ascii=ascii_only, indent=indent))
    if isinstance(decoded, tuple):
        decoded = decoded[0]
    assert json.loads(lua_json.encode(decoded)) == value


@RELAXED
@given(st.text('{}[]",:0123456789.eE+-truefalsn \\u\n\x00d8', max_size=14))
def test_it_refuses_what_python_refuses(lua_json: Any, text: str) -> None:
    def no_constant(_: str) -> None:
        raise ValueError

    try:
        value = json.loads(text, parse_constant=no_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        value = ValueError
    found = lua_json.decode(text)
    refused = isinstance(found, tuple) and found[0] is None
    assert refused == (value is ValueError)


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '"\\udc00x"', '"\\ud800\\u0041"', "[1,]", '{"a":1,}', "01", "1.", "NaN", ""]
)
def test_a_sentence_says_what_is_wrong(lua_json: Any, text: str) -> None:
    nothing, why = lua_json.decode(text)
    assert nothing is None
    assert why.startswith("It is not JSON: ")


def test_nesting_that_would_overflow_is_refused(lua_json: Any) -> None:
    assert lua_json.decode("[" * 60 + "]" * 60) is not None
    nothing, why = lua_json.decode("[" * 100_000)
    assert nothing is None
    assert "too deep" in why


def test_bytes_that_are_no_utf8_are_refused(studio: Studio) -> None:
    folder = studio.output / "Broken"
    folder.mkdir()
    (folder / "stems.json").write_bytes(b'{"schema": 1, "song": "\xff"}')
    nothing, why = studio.part("deliveries").read(str(folder))
    assert nothing is None
    assert "not UTF-8" in why
