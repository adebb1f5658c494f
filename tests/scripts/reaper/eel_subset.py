"""Runs the part of EEL2 that Stembridge_Line.eel is written in, over real sockets, for CI. See eel_parser.py."""

from __future__ import annotations

import operator
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.scripts.reaper.eel_parser import Node, Parser

LONGEST_TEXT = 16_384
BASE = 0x110000
BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "%": lambda left, right: float(int(left) % int(right)) if int(right) else 0.0,
    "==": lambda left, right: float(abs(left - right) < 1e-5),
    "!=": lambda left, right: float(abs(left - right) >= 1e-5),
    "<": lambda left, right: float(left < right), ">": lambda left, right: float(left > right),
    "<=": lambda left, right: float(left <= right), ">=": lambda left, right: float(left >= right),
}  # fmt: skip


class Text:
    """A string of EEL2: bytes with a name; those that stand in the program cannot be changed."""

    def __init__(self, content: bytes = b"", literal: bool = False) -> None:
        self.content = content
        self.literal = literal

    def change(self, content: bytes) -> None:
        assert not self.literal, "a text of the program was to be changed"
        self.content = content


class Eel:
    """One script. `get` and `put` are ExtState; `tick` runs what was deferred, as REAPER's timer does."""

    def __init__(
        self, script: Path, get: Callable[[str, str], str], put: Callable[[str, str, str, bool], None]
    ) -> None:
        self._get, self._put = get, put
        self._variables: dict[str, Any] = {}
        self._texts: dict[str, Text] = {}
        self._functions: dict[str, Node] = {}
        self._frames: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._deferred: deque[bytes] = deque()
        self._exit = b""
        self._sockets: list[socket.socket | None] = []
        self._builtins = {name[4:]: getattr(self, name) for name in dir(self) if name.startswith("eel_")}
        self._run(script.read_text("utf-8"))

    def tick(self) -> None:
        for _ in range(len(self._deferred)):
            self._run(self._deferred.popleft().decode())

    def quit(self) -> None:
        self._run(self._exit.decode())

    @property
    def is_running(self) -> bool:
        return bool(self._deferred)

    def _run(self, text: str) -> None:
        self._value(Parser(text, {*self._builtins, "while", "loop", "match"}, self._functions).program())

    # ---- the language

    def _value(self, node: Node) -> Any:
        return getattr(self, f"_{node[0]}")(*node[1:])

    def _block(self, parts: list[Node]) -> Any:
        value: Any = 0.0
        for part in parts:
            value = self._value(part)
        return value

    def _number(self, value: float) -> float:
        return value

    def _text(self, content: bytes) -> Text:
        return Text(content, literal=True)

    def _string(self, name: str) -> Text:
        return self._texts.setdefault(name, Text())

    def _scope(self, name: str) -> dict[str, Any]:
        for scope in self._frames[-1] if self._frames else ():
            if name in scope:
                return scope
        return self._variables

    def _variable(self, name: str) -> Any:
        scope = self._scope(name)
        assert name in scope, f"{name} was never set"
        return scope[name]

    def _set(self, sign: str, left: Node, right: Node) -> Any:
        value = self._value(right)
        if left[0] == "string":
            self._string(left[1]).change(value.content)
            return self._string(left[1])
        name = left[1]
        self._scope(name)[name] = value if sign == "=" else self._variable(name) + value
        return value

    def _choice(self, condition: Node, yes: Node, no: Node) -> Any:
        return self._value(yes) if self._truth(condition) else self._value(no)

    def _truth(self, node: Node) -> bool:
        return bool(abs(self._value(node)) > 1e-5)

    def _unary(self, sign: str, node: Node) -> float:
        return float(not self._truth(node)) if sign == "!" else -float(self._value(node))

    def _binary(self, sign: str, left: Node, right: Node) -> float:
        if sign == "&&":
            return float(self._truth(left) and self._truth(right))
        if sign == "||":
            return float(self._truth(left) or self._truth(right))
        return BINARY[sign](self._value(left), self._value(right))

    def _call(self, name: str, arguments: list[Node]) -> Any:
        if name == "while":
            while self._truth(arguments[0]):
                self._value(arguments[1])
            return 0.0
        if name == "loop":
            for _ in range(int(self._value(arguments[0]))):
                self._value(arguments[1])
            return 0.0
        if name == "match":
            return self._match(*arguments)
        values = [self._value(argument) for argument in arguments]
        if name in self._builtins:
            return self._builtins[name](*values)
        parameters, static, body = self._functions[name]
        assert len(parameters) == len(values), f"{name} takes {len(parameters)} values"
        self._frames.append((dict(zip(parameters, values, strict=True)), static))
        try:
            return self._value(body)
        finally:
            self._frames.pop()

    def _match(self, pattern: Node, text: Node, target: Node) -> float:
        assert self._value(pattern).content == b"%d"
        found = re.fullmatch(rb"-?\d+", self._value(text).content)
        if found:
            [variable] = target[1]
            self._scope(variable[1])[variable[1]] = float(found[0])
        return float(found is not None)

    # ---- texts

    def eel_strlen(self, text: Text) -> float:
        return float(len(text.content))

    def eel_strcmp(self, one: Text, other: Text) -> float:
        return float(one.content != other.content)

    def eel_strcpy(self, target: Text, text: Text) -> Text:
        target.change(text.content)
        return target

    def eel_strcat(self, target: Text, text: Text) -> Text:
        assert len(target.content) <= LONGEST_TEXT, "EEL2 would not let this text grow"
        target.change(target.content + text.content)
        return target

    def eel_strcpy_substr(self, target: Text, text: Text, at: float, length: float) -> Text:
        target.change(text.content[int(at) : int(at) + int(length)])
        return target

    def eel_strcpy_from(self, target: Text, text: Text, at: float) -> Text:
        target.change(text.content[int(at) :])
        return target

    def eel_str_getchar(self, text: Text, at: float, kind: float = 0.0) -> float:
        code = {0: "B", ord("I"): ">i", 0x4955: ">I", ord("F"): ">f"}[int(kind)]
        piece = text.content[int(at) : int(at) + struct.calcsize(code)]
        return float(struct.unpack(code, piece)[0]) if len(piece) == struct.calcsize(code) else 0.0

    def eel_str_setchar(self, target: Text, at: float, value: float, kind: float = 0.0) -> float:
        piece = struct.pack({0: "B", ord("I"): ">i"}[int(kind)], int(value))
        assert at <= len(target.content) <= LONGEST_TEXT
        target.change(target.content[: int(at)] + piece + target.content[int(at) + len(piece) :])
        return value

    def eel_sprintf(self, target: Text, form: Text, *values: Any) -> Text:
        ready = tuple(value.content if isinstance(value, Text) else value for value in values)
        target.change(form.content % ready)
        return target

    # ---- REAPER

    def eel_time_precise(self) -> float:
        return time.perf_counter()

    def eel_defer(self, code: Text) -> float:
        assert code.literal
        self._deferred.append(code.content)
        return 1.0

    def eel_atexit(self, code: Text) -> float:
        self._exit = code.content
        return 1.0

    def eel_getextstate(self, target: Text, section: Text, key: Text) -> Text:
        target.change(self._get(section.content.decode(), key.content.decode()).encode())
        return target

    def eel_setextstate(self, section: Text, key: Text, value: Text, persist: float) -> float:
        assert persist == 0
        assert b"\0" not in value.content, "ExtState ends at a zero"
        self._put(section.content.decode(), key.content.decode(), value.content.decode(), False)
        return 0.0

    # ---- sockets that never block, as WDL's eel_net.h has them

    def eel_tcp_connect(self, host: Text, port: float, block: float) -> float:
        assert block == 0
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex((host.content.decode(), int(port)))
        self._sockets.append(link)
        return float(BASE + len(self._sockets) - 1)

    def _socket(self, number: float) -> socket.socket | None:
        return self._sockets[int(number) - BASE]

    def eel_tcp_send(self, number: float, text: Text) -> float:
        link = self._socket(number)
        try:
            return float(link.send(text.content)) if link else -1.0
        except BlockingIOError:
            return 0.0
        except OSError:
            return -1.0

    def eel_tcp_recv(self, number: float, target: Text, most: float) -> float:
        link = self._socket(number)
        target.change(b"")
        try:
            target.change(link.recv(int(most)) if link else b"")
        except BlockingIOError:
            return 0.0
        except OSError:
            return -1.0
        return float(len(target.content)) or -1.0

    def eel_tcp_close(self, number: float) -> float:
        link = self._socket(number)
        if link:
            link.close()
        self._sockets[int(number) - BASE] = None
        return 1.0
