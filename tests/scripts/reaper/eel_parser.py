"""Reads the part of EEL2 that Stembridge_Line.eel is written in, into nested tuples for eel_subset.py.

There is no EEL2 to install from a package registry, so that CI runs the script with this. What it takes for granted of
the language was compared with WDL's own interpreter. Anything outside the subset is a syntax error.
"""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(
    r"""\s+|//[^\n]*|(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<char>'(?:[^'\\]|\\.)+')"""
    r"""|(?P<name>\#?[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|\+=|[-+*/%<>=!?:;,()])"""
)
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/"), ("%",))
Node = tuple[Any, ...]


class EelSyntaxError(Exception):
    """The text is not of the subset."""


def tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise EelSyntaxError(f"cannot read {text[at : at + 20]!r}")
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


class Parser:
    """One text; `functions` are those that are known, and learns the new ones: EEL2 knows what stands above only."""

    def __init__(self, text: str, builtins: set[str], functions: dict[str, Node]) -> None:
        self._rest = tokens(text)[::-1]
        self._builtins = builtins
        self._functions = functions

    def program(self) -> Node:
        parts = []
        while self._rest:
            if self._peek() == "function":
                self._function()
            else:
                parts.append(self._expression())
            self._skip(";")
        return ("block", parts)

    def _peek(self) -> str:
        return self._rest[-1][1] if self._rest else ""

    def _next(self, wanted: str = "") -> str:
        kind_and_text = self._rest.pop() if self._rest else ("", "the end")
        if wanted and kind_and_text[1] != wanted:
            raise EelSyntaxError(f"{kind_and_text[1]} stands where {wanted} should")
        return kind_and_text[1]

    def _skip(self, text: str) -> None:
        while self._peek() == text:
            self._next()

    def _names(self) -> list[str]:
        self._next("(")
        names = []
        while self._peek() != ")":
            names.append(self._next().lower())
            self._skip(",")
        self._next(")")
        return names

    def _function(self) -> None:
        self._next("function")
        name = self._next().lower()
        parameters = self._names()
        local = []
        if self._peek() == "local":
            self._next()
            local = self._names()
        self._next("(")
        body = self._block(")")
        self._next(")")
        if name in self._functions or name in self._builtins:
            raise EelSyntaxError(f"{name} is there twice")
        # Static, as in EEL2: a local keeps its value from call to call.
        self._functions[name] = (parameters, dict.fromkeys(local, 0.0), body)

    def _block(self, *ends: str) -> Node:
        parts = []
        while self._peek() not in ends:
            parts.append(self._expression())
            if self._peek() not in ends:
                self._next(";")
            self._skip(";")
        return ("block", parts)

    def _expression(self) -> Node:
        left = self._choice()
        if self._peek() in ("=", "+="):
            sign = self._next()
            if left[0] not in ("variable", "string"):
                raise EelSyntaxError("only a variable or a string can be set")
            return ("set", sign, left, self._expression())
        return left

    def _choice(self) -> Node:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self._next()
        yes = self._expression()
        no: Node = ("number", 0.0)
        if self._peek() == ":":
            self._next()
            no = self._expression()
        return ("choice", condition, yes, no)

    def _binary(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._single()
        left = self._binary(level + 1)
        while self._peek() in LEVELS[level]:
            left = ("binary", self._next(), left, self._binary(level + 1))
        return left

    def _single(self) -> Node:
        if not self._rest:
            raise EelSyntaxError("it ends too early")
        kind, text = self._rest.pop()
        if text in ("!", "-"):
            return ("unary", text, self._single())
        if text == "(":
            inside = self._block(")")
            self._next(")")
            return inside
        if kind == "number":
            return ("number", float(text))
        if kind == "text":
            return ("text", text[1:-1].encode().decode("unicode_escape").encode("latin-1"))
        if kind == "char":
            return ("number", float(int.from_bytes(text[1:-1].replace("\\\\", "\\").encode(), "big")))
        if kind == "name":
            return self._named(text.lower())
        raise EelSyntaxError(f"{text} stands where a value should")

    def _named(self, name: str) -> Node:
        if name.startswith("#"):
            return ("string", name)
        if self._peek() != "(":
            return ("variable", name)
        if name not in self._functions and name not in self._builtins:
            raise EelSyntaxError(f"no function {name} stands above")
        self._next("(")
        arguments = []
        while self._peek() != ")":
            arguments.append(self._block(",", ")"))
            if self._peek() == ",":
                self._next()
        self._next(")")
        if name == "while":
            self._next("(")
            arguments.append(self._block(")"))
            self._next(")")
        return ("call", name, arguments)
