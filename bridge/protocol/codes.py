"""The codes in an answer's envelope, as the service's public page documents them (November 2026).

No HTTP status is documented: the code in the body is the answer, whatever the status says.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum, auto
from types import MappingProxyType
from typing import Final


class Code(IntEnum):
    """The documented codes."""

    SUCCESS = 100000
    INSUFFICIENT_CREDIT = 100100
    INVALID_KEY = 101002
    RATE_LIMITED = 101003
    CONCURRENCY_LIMITED = 101004
    SUSPENDED = 101005
    NOT_ENABLED = 101006
    TASK_NOT_FOUND = 101008


MESSAGES: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.SUCCESS: "Request Success",
        Code.INSUFFICIENT_CREDIT: "Insufficient credit balance",
        Code.INVALID_KEY: "Invalid API key",
        Code.RATE_LIMITED: "API key rate limit exceeded",
        Code.CONCURRENCY_LIMITED: "API key concurrent request limit exceeded",
        Code.SUSPENDED: "Your account is suspended. Status cannot be modified. Please contact the administrator",
        Code.NOT_ENABLED: "API key not enabled",
        Code.TASK_NOT_FOUND: "Task not found",
    }
)
"""The message that the service sends with each documented code, to the letter."""

TRY_AGAIN: Final = 100099
BAD_REQUEST: Final = 100400
SERVER_ERROR: Final = 100500
"""Seen in the wild and documented nowhere. Our own server sends the two last where no documented code fits."""

TRANSIENT: Final = frozenset({100002, TRY_AGAIN, BAD_REQUEST, SERVER_ERROR, 800001})
"""Every undocumented code that was seen; some of them pass, so a question that costs nothing may be asked again."""


class Reaction(Enum):
    """What a client does about a code."""

    GO_ON = auto()
    STOP_SUBMITTING = auto()
    """The account must be mended by a person first; the job is kept."""
    BACK_OFF = auto()
    """Wait, and ask again; the job is kept."""
    PARK = auto()
    """The task is lost, and may have been paid: a person decides."""
    SHOW = auto()
    """An unknown code: show it and its message; repeat questions a bounded number of times, orders only under a key."""


_REACTIONS: Final[Mapping[int, Reaction]] = MappingProxyType(
    {
        Code.SUCCESS: Reaction.GO_ON,
        Code.INSUFFICIENT_CREDIT: Reaction.STOP_SUBMITTING,
        Code.INVALID_KEY: Reaction.STOP_SUBMITTING,
        Code.SUSPENDED: Reaction.STOP_SUBMITTING,
        Code.NOT_ENABLED: Reaction.STOP_SUBMITTING,
        Code.RATE_LIMITED: Reaction.BACK_OFF,
        Code.CONCURRENCY_LIMITED: Reaction.BACK_OFF,
        Code.TASK_NOT_FOUND: Reaction.PARK,
    }
)


def reaction(code: int) -> Reaction:
    """Return what a client does about this code, documented or not."""
    return _REACTIONS.get(code, Reaction.SHOW)
