"""What this script has asked the bridge for, each on a line of its own until it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .osc import Message
from .picking import Bounce
from .wires import Line, Refused, Sender

ANSWER_S = 10.0
"""After so long without an answer the musician is told; a long bounce on a slow disk may still be under way."""
GIVE_UP_S = 600.0
_MOST = 32


class Request:
    """One bounce that was sent to be separated."""

    def __init__(self, line: Line, bounce: Bounce, which_set: int, now: float) -> None:
        self.line = line
        self.bounce = bounce
        self.which_set = which_set
        """The set that is to have the stems."""
        self.asked_at = now
        self.job = ""
        """Empty until the bridge has accepted it."""
        self.is_late = False

    def move(self, bridge: Sender) -> None:
        """Have the line lead to the bridge where it is now; raises `Refused`."""
        if self.line.to != bridge:
            line, self.line = self.line, Line(bridge)
            line.close()


class Heard(NamedTuple):
    """What came back for a request."""

    request: Request
    message: Message | None
    """None: there is no bridge."""


class Requests:
    """The requests under way."""

    def __init__(self) -> None:
        self._open: list[Request] = []

    def ask(self, bridge: Sender, bounce: Bounce, choice: str, which_set: int, now: float) -> None:
        """Ask for the stems of a bounce; raises `Refused` where there is no bridge."""
        line = Line(bridge)
        line.send("/stembridge/separate", str(bounce.path), *([choice] if choice else []))
        self._open.append(Request(line, bounce, which_set, now))
        for oldest in self._open[:-_MOST]:
            self.end(oldest)

    def hear(self) -> Iterator[Heard]:
        """Yield what has come back."""
        for request in list(self._open):
            try:
                for message in request.line.read():
                    yield Heard(request, message)
            except Refused:
                yield Heard(request, None)

    def late(self, now: float) -> Iterator[Request]:
        """Yield, once, each request that the bridge does not answer; end those that it never will."""
        for request in list(self._open):
            waited = 0.0 if request.job else now - request.asked_at
            if waited > ANSWER_S and not request.is_late:
                request.is_late = True
                yield request
            if waited > GIVE_UP_S:
                self.end(request)

    def ask_again(self, bridge: Sender) -> None:
        """Ask how the jobs stand: the bridge may have been started anew, even elsewhere, and forgot who had asked."""
        for job, request in self._jobs().items():
            try:
                request.move(bridge)
                request.line.send("/stembridge/status", job)
            except Refused:
                # It is started again sooner or later, and this is asked again, too.
                continue

    def of(self, job: str) -> Request | None:
        """Return the request that has become this job, if it was one of ours."""
        return self._jobs().get(job)

    def end(self, request: Request) -> None:
        """Forget a request."""
        request.line.close()
        if request in self._open:
            self._open.remove(request)

    def close(self) -> None:
        """Forget all."""
        for request in list(self._open):
            self.end(request)

    def _jobs(self) -> dict[str, Request]:
        return {request.job: request for request in self._open if request.job}
