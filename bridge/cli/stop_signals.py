"""Ctrl-C and SIGTERM for the commands that run until they are told to stop. Light: it is loaded before all others."""

from __future__ import annotations

import signal


class Stop:
    """Whether a signal has asked this process to stop. Whoever starts something finishes that first, then looks."""

    def __init__(self) -> None:
        """Begin to listen, on the main thread."""
        self._asked: list[int] = []  # a handler may interrupt anything, even the inside of an Event: it only appends
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: self._asked.append(number))

    def asked(self) -> bool:
        """Whether a signal has come."""
        return bool(self._asked)
