"""One command after the other to Audacity, each with its answer.

An answer is some lines of text, then `BatchCommand finished: OK` (or `Failed!`), then an empty line. What was learnt
from the real one: a command whose parameters it can't read opens a dialog, and nothing is answered until somebody
clicks; what was sent meanwhile is carried out afterwards, and the answers come to whoever listens then; and while it
is still starting it answers nothing but empty lines. So there is never more than one command under way, and every
connection begins with a question whose answer can't be mistaken.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Final

from scripts.audacity.trouble import NoAnswer, NoAudacity, Refused, Trouble
from scripts.audacity.wires import Wires, connect

QUICK_S: Final = 20.0
_PATIENCE_S: Final = 10.0
"""How long to wait for Audacity to turn to us at all."""
_ECHO_S: Final = 1.0
_MOST_BYTES: Final = 1000
"""Audacity reads a command into 1024 bytes and takes the rest for another one."""

_END = re.compile(rb"BatchCommand finished: (OK|Failed!)[^\n]*\n\n")
_BUSY: Final = (
    "Audacity does not answer. Close the dialog that is open in it, stop playing and recording, and try again."
)


class Pipe:
    """A conversation with Audacity; a context manager. Raises NoAudacity or NoAnswer where it can't be had."""

    def __init__(self, patience_s: float = _PATIENCE_S, connect: Callable[[], Wires] = connect) -> None:
        self._heard = b""
        give_up = time.monotonic() + patience_s
        while True:
            self._wires: Wires = connect()
            try:
                self._greet(give_up)
            except NoAudacity:
                # It was just letting go of the client before us, and its pipes with it.
                self._wires.close()
                if time.monotonic() > give_up:
                    raise
            except BaseException:
                self._wires.close()
                raise
            else:
                return

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._wires.close()

    def ask(self, command: str, timeout_s: float = QUICK_S) -> str:
        """Have one command carried out and return what it answers.

        Raises Refused where Audacity says no, NoAnswer where it says nothing in time (the command may still be
        carried out: nothing more can be said to it until then), NoAudacity where it has gone.
        """
        line = command.encode("utf-8", "surrogateescape")
        if len(line) > _MOST_BYTES:
            raise Trouble("A name or a folder is too long for Audacity: give the stems a folder with a shorter path.")
        self._wires.send(line)
        deadline = time.monotonic() + timeout_s
        while not (end := _END.search(self._heard)):
            block = self._wires.receive(deadline)
            if not block:
                raise NoAnswer(_BUSY)
            self._heard += block
        text, self._heard = self._heard[: end.start()].decode("utf-8", "replace").strip(), self._heard[end.end() :]
        if end[1] != b"OK":
            raise Refused(f"Audacity would not do this: {text or command.partition(':')[0]}")
        return text

    def _greet(self, give_up: float) -> None:
        """Ask until our own words come back, and pass over the answers that others did not wait for."""
        while time.monotonic() < give_up:
            word = f"stembridge-{uuid.uuid4().hex}"
            self._wires.send(f'Message: Text="{word}"'.encode())
            deadline = time.monotonic() + _ECHO_S
            while block := self._wires.receive(deadline):
                self._heard += block
                place = self._heard.find(word.encode())
                if place >= 0 and (end := _END.search(self._heard, place)):
                    self._heard = self._heard[end.end() :]
                    return
        raise NoAnswer(_BUSY)
