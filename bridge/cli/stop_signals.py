"""Stop signals for the commands that run until stopped. Imports little: it is loaded before all others."""

from __future__ import annotations

import signal


def stop_signals() -> list[int]:
    """Return the signals that mean "stop": Ctrl-C, SIGTERM, and SIGHUP (the terminal was closed) unless ignored.

    `nohup` starts a program with SIGHUP ignored, so that it outlives the terminal.
    """
    numbers: list[int] = [signal.SIGTERM, signal.SIGINT]
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        numbers.append(hangup)
    return numbers


class Stop:
    """Remembers whether a stop signal has come. The command finishes what it is starting, then asks."""

    def __init__(self) -> None:
        """Install the signal handlers. Only on the main thread."""
        self._asked: list[int] = []  # a handler may interrupt even the inside of an Event, so it only appends
        for number in stop_signals():
            signal.signal(number, lambda number, _: self._asked.append(number))

    def asked(self) -> bool:
        """Whether a signal has come."""
        return bool(self._asked)
