"""What the server says no with."""

from __future__ import annotations

from bridge.errors import StembridgeError
from bridge.protocol.codes import BAD_REQUEST, MESSAGES, Code


class Refused(StembridgeError):
    """A request that is answered with a code of the protocol, and has done nothing."""

    default_code = "server.refused"

    def __init__(self, answer: int, message: str = "", *, retry_after_s: float | None = None) -> None:
        """`answer` is the code in the envelope; a documented one brings its own message."""
        super().__init__(message or MESSAGES[Code(answer)])
        self.answer = answer
        self.retry_after_s = retry_after_s


def bad_request(message: str) -> Refused:
    """Build the refusal of a request that no documented code fits."""
    return Refused(BAD_REQUEST, message)
