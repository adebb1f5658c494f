"""Finds the line of each key in TOML text that has already been parsed without errors.

tomli returns values without positions, so this reads the text again and notes where keys and array items begin
(TOML 1.0, and the line breaks that 1.1 allows in inline tables). It reports no errors: on text that is not TOML it
stops early, and `line_of` falls back to the line of the section, or to 0.
"""

from __future__ import annotations

import bisect
import contextlib
import re
from collections.abc import Mapping

import tomli

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


class _Lost(Exception):
    """The text is not valid TOML at this position."""


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, on which each section, key and array item of TOML `text` begins."""
    walk = _Walk(text)
    with contextlib.suppress(_Lost):  # what was found so far still helps
        walk.document()
    return walk.lines


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """Return the line of `path`, else of the nearest thing around it, else 0."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 0


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> None:
        section: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._peek("["):
                section = self._header()
            else:
                self._pair(section)
            self._skip(_BLANK)

    def _header(self) -> KeyPath:
        start = self.at
        brackets = 2 if self._peek("[[") else 1
        self.at += brackets
        self._skip(_SPACE)
        path = self._key()
        self._expect("]" * brackets)
        self._note(path, start)
        return path

    def _pair(self, section: KeyPath) -> None:
        start = self.at
        path = (*section, *self._key())
        for length in range(len(section) + 1, len(path) + 1):
            self._note(path[:length], start)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> KeyPath:
        parts = []
        while True:
            if self._peek('"') or self._peek("'"):
                parts.append(_unquoted(self._take(_STRING)))
            else:
                parts.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if not self._peek("."):
                return tuple(parts)
            self.at += 1
            self._skip(_SPACE)

    def _value(self, path: KeyPath) -> None:
        if self._peek("["):
            self._members(path, "]")
        elif self._peek("{"):
            self._members(path, "}")
        elif self._peek('"') or self._peek("'"):
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _members(self, path: KeyPath, closing: str) -> None:
        """Pass over an array or an inline table: the same but for what a member looks like."""
        self.at += 1
        index = 0
        self._skip(_BLANK)
        while not self._peek(closing):
            if closing == "}":
                self._pair(path)
            else:
                self._note((*path, index), self.at)
                self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if not self._peek(closing):
                self._expect(",")
                self._skip(_BLANK)
        self.at += 1

    def _note(self, path: KeyPath, position: int) -> None:
        self.lines.setdefault(path, bisect.bisect_left(self._breaks, position) + 1)

    def _peek(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            raise _Lost
        self.at = match.end()
        return match.group()

    def _expect(self, token: str) -> None:
        if not self._peek(token):
            raise _Lost
        self.at += len(token)


def _unquoted(quoted: str) -> str:
    try:
        return str(tomli.loads(f"key = {quoted}")["key"])
    except tomli.TOMLDecodeError as error:
        raise _Lost from error
