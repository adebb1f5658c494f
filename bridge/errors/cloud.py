"""What the separation service does to a job."""

from __future__ import annotations

from typing import ClassVar

from bridge.errors.root import StembridgeError


class CloudError(StembridgeError):
    """Something about the separation service, or the way to it."""

    default_code = "service"
    parked: ClassVar[str] = ""
    """The state in which the job waits for a person: "needs_credit", "needs_review", or "" where it does not."""
    fails_over: ClassVar[bool] = False
    """Whether a local engine may take the job over, where that is configured: nothing was or will be paid for it."""


class NotSent(CloudError):
    """Refused, unresolved, untrusted or timed out before the request left: the service never saw it."""

    default_code = "service.unreachable"
    default_advice = "Check the network, the proxy and [api] base_url."
    retryable = True


class OutcomeUnknown(CloudError):
    """The order was sent and its answer lost: the service may be working on it, for money. Never repeated blindly."""

    default_code = "service.outcome_unknown"
    default_advice = (
        "Look at the balance on the service's site. If nothing was taken, `stembridge retry` orders it again; "
        "if it was, `stembridge cancel` drops the job."
    )
    parked = "needs_review"


class OrderedBefore(CloudError):
    """Another job has sent an order for the same audio and model, and its result cannot be fetched from here."""

    default_code = "service.ordered_before"
    parked = "needs_review"


class AnswerLost(CloudError):
    """The answer to a question that costs nothing was lost; asking again is safe."""

    default_code = "service.answer_lost"
    retryable = True


class ProtocolError(CloudError):
    """What came is not the AudioSeparation protocol: another server, a proxy's page, or a damaged answer."""

    default_code = "service.protocol"
    default_advice = "Check [api] base_url and the proxy; something else than the service may be answering."


class RefusedByCloud(CloudError):
    """The service answered with another code than success, so it did not do what was asked."""

    default_code = "service.refused"

    def __init__(self, message: str, *, answered: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.answered = answered
        self.retry_after_s = retry_after_s


class TaskFailed(CloudError):
    """The service took the task and reports that it failed. By its documentation that costs nothing."""

    default_code = "service.task_failed"
    default_advice = "`stembridge retry` orders it again, or choose another model or engine."


class OverBudget(CloudError):
    """The job's started minutes do not fit into what is left of the monthly cap. Nothing was sent."""

    default_code = "service.budget"
    default_advice = "Raise [api] monthly_minutes, wait for the next month, or choose a local engine."
    parked = "needs_credit"
    fails_over = True
