from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.locate import KeyPath, key_lines, line_of

DOCUMENT = '''\
# a comment = 1
top = 1

[a.b]
c.d = 2
"e f".'g' = "]#{"   # [not] = a section
list = [
  1,   # [x] = 2
  "two, ]", 'three',

  [4, 5],
]
table = { x = 1, y = { z = [1] } }
long = """
[fake]
key = 1 \\""" still
"""
after = \'\'\'
'' x = 1\'\'\'

[[rows]]
name = 1979-05-27 07:32:00
[[rows]]
name = 2
["q\\u0041.r"]
s = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a", "b"), 4),
        (("a", "b", "c"), 5),
        (("a", "b", "c", "d"), 5),
        (("a", "b", "e f", "g"), 6),
        (("a", "b", "list"), 7),
        (("a", "b", "list", 0), 8),
        (("a", "b", "list", 1), 9),
        (("a", "b", "list", 2), 9),
        (("a", "b", "list", 3, 1), 11),
        (("a", "b", "table", "y", "z"), 13),
        (("a", "b", "long"), 14),
        (("a", "b", "after"), 18),
        (("rows",), 21),
        (("qA.r", "s"), 26),
    ],
)
def test_every_way_to_write_a_key_is_found_on_its_line(path: KeyPath, line: int) -> None:
    tomli.loads(DOCUMENT)
    assert key_lines(DOCUMENT)[path] == line


def test_what_looks_like_a_key_inside_a_string_or_comment_is_none() -> None:
    lines = key_lines(DOCUMENT)
    assert not {("fake",), ("not",), ("x",)} & set(lines)


def test_an_inline_table_may_span_lines_as_toml_1_1_allows() -> None:
    text = "t = {\n  a = 1, # one\n  b = 2,\n}\nc = 3\n"
    assert key_lines(text) == {("t",): 1, ("t", "a"): 2, ("t", "b"): 3, ("c",): 5}


def test_a_key_that_is_not_written_has_the_line_of_what_is_around_it() -> None:
    lines = key_lines("[osc]\nport = 1\n")
    assert line_of(("osc", "port", 3), lines) == 2
    assert line_of(("osc", "host"), lines) == 1
    assert line_of(("inbox", "folder"), lines) == 0


NAMES = st.sampled_from(["a", "b-1", "two words", "ключ", 'q"t', "[x]", "#", "e.f"])
TEXTS = st.text(alphabet=st.sampled_from("ab#[]{},='\"\\ \n"), max_size=8)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.integers(), st.booleans(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


def quoted(text: str, style: int) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if style % 3 == 1 and "'" not in text and "\n" not in text:
        return f"'{text}'"
    if style % 3 == 2:
        return f'"""\n{escaped}"""'
    return '"' + escaped.replace("\n", "\\n") + '"'


class Writer:
    """Writes a tree as TOML and notes where each part begins: the reverse of the code under test."""

    def __init__(self, styles: list[int]) -> None:
        self.text = ""
        self.lines: dict[KeyPath, int] = {}
        self._styles = styles

    def style(self) -> int:
        self._styles.append(self._styles.pop(0))
        return self._styles[-1]

    def pair(self, path: KeyPath, value: object) -> None:
        self.note(path)
        self.text += quoted(str(path[-1]), 0) + " = "
        self.value(path, value)

    def note(self, path: KeyPath) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def value(self, path: KeyPath, value: object) -> None:
        if isinstance(value, str):
            self.text += quoted(value, self.style())
        elif isinstance(value, list):
            self.text += "["
            for index, item in enumerate(value):
                self.text += ["", " ", "\n", " # ] a = 1\n  "][self.style() % 4]
                self.note((*path, index))
                self.value((*path, index), item)
                self.text += ","
            self.text += "]"
        elif isinstance(value, dict):
            self.text += "{ "
            for index, (name, item) in enumerate(value.items()):
                self.text += ", " if index else ""
                self.pair((*path, name), item)
            self.text += " }"
        else:
            self.text += str(value).lower()

    def document(self, sections: dict[str, dict[str, Any]]) -> None:
        for name, section in sections.items():
            self.note((name,))
            self.text += f"[{quoted(name, 0)}]" + "\n" * (1 + self.style() % 3)
            for key, value in section.items():
                self.pair((name, key), value)
                self.text += "  # x = 2\n" if self.style() % 2 else "\n"


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, TREES, max_size=4), max_size=4),
    st.lists(st.integers(0, 9), min_size=1),
)
def test_every_key_and_item_is_found_where_it_was_written(
    sections: dict[str, dict[str, Any]], styles: list[int]
) -> None:
    writer = Writer(styles)
    writer.document(sections)
    assert tomli.loads(writer.text) == sections
    assert key_lines(writer.text) == writer.lines


@given(st.text(alphabet=st.sampled_from("[]{}=,.\"'#\n\\ ab1")))
def test_text_that_is_no_toml_is_walked_without_a_crash(text: str) -> None:
    lines = key_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
