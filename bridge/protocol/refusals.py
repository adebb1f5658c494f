"""One error for each code that is no success, with what a musician can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bridge.errors import CloudError, RefusedByCloud, TaskFailed
from bridge.protocol.codes import MESSAGES, Code
from bridge.protocol.fields import one_line
from bridge.protocol.messages import Envelope


class InsufficientCredit(RefusedByCloud):
    """100100."""

    default_code = "service.credit"
    default_advice = "Add credit at the service, then `stembridge retry` the job; it is kept until then."
    parked = "needs_credit"
    fails_over = True


class InvalidKey(RefusedByCloud):
    """101002."""

    default_code = "service.key"
    default_advice = "Set the right key: STEMBRIDGE_API_KEY, the keyring, or [api] key; then retry the job."
    parked = "needs_credit"


class RateLimited(RefusedByCloud):
    """101003."""

    default_code = "service.rate"
    default_advice = "The job waits a while, then continues."
    retryable = True


class ConcurrencyLimited(RefusedByCloud):
    """101004."""

    default_code = "service.concurrency"
    default_advice = "The job continues when another task of this key has ended."
    retryable = True


class Suspended(RefusedByCloud):
    """101005."""

    default_code = "service.suspended"
    default_advice = "Ask the service's administrator; the job is kept until you retry it."
    parked = "needs_credit"
    fails_over = True


class NotEnabled(RefusedByCloud):
    """101006."""

    default_code = "service.not_enabled"
    default_advice = "Enable the key at the service, then retry the job; it is kept until then."
    parked = "needs_credit"
    fails_over = True


class TaskGone(RefusedByCloud):
    """101008: the service does not know, or no longer knows, a task it had accepted. It may have been paid."""

    default_code = "service.task_gone"
    default_advice = "`stembridge retry` orders it again, which may cost again; `stembridge cancel` drops the job."
    parked = "needs_review"


class UnknownCode(RefusedByCloud):
    """A code without a documented meaning; the message shows it with the service's own words."""

    default_code = "service.unknown_code"
    default_advice = "The service's site may say what it means; `stembridge retry` tries the job again."


_CLASSES: Final[Mapping[int, type[RefusedByCloud]]] = MappingProxyType(
    {
        Code.INSUFFICIENT_CREDIT: InsufficientCredit,
        Code.INVALID_KEY: InvalidKey,
        Code.RATE_LIMITED: RateLimited,
        Code.CONCURRENCY_LIMITED: ConcurrencyLimited,
        Code.SUSPENDED: Suspended,
        Code.NOT_ENABLED: NotEnabled,
        Code.TASK_NOT_FOUND: TaskGone,
    }
)


def refusal(envelope: Envelope, retry_after_s: float | None = None) -> RefusedByCloud:
    """Return the error of an answer that is no success; `retry_after_s` is what a Retry-After header asked for."""
    said = one_line(envelope.message)
    words = f'"{said}"' if said else "no message"
    cls = _CLASSES.get(envelope.code, UnknownCode)
    message = f"The separation service answered {envelope.code}, {words}."
    return cls(message, answered=envelope.code, retry_after_s=retry_after_s)


def failure(reason: str) -> CloudError:
    """Return the error of a task that the service gave up; `reason` is why, in its words, "" where it gave none.

    The documented `get` has no field for it. Our own server says it in `data.error`, and for want of credit in the
    words of 100100, to the letter: the length of a mix is known only once the task is worked on.
    """
    said = one_line(reason)
    if said.rstrip(".").casefold() == MESSAGES[Code.INSUFFICIENT_CREDIT].casefold():
        message = "The service gave the task up unpaid: the key's credit does not cover the length of the bounce."
        return InsufficientCredit(message, answered=Code.INSUFFICIENT_CREDIT)
    return TaskFailed(f"The service could not separate the bounce{f': {said}' if said else ''}.")
