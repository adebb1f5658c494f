"""The two documented calls, and two of our own server: its health, and what the key may still spend."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from bridge.errors import AnswerLost, CloudError, OutcomeUnknown, ProtocolError, RefusedByCloud
from bridge.protocol.extensions import Balance, Health
from bridge.protocol.messages import CreateData, CreateRequest, Envelope, GetRequest, TaskData
from bridge.protocol.paths import BALANCE_PATH, CREATE_PATH, GET_PATH, HEALTH_PATH, IDEMPOTENCY_HEADER
from bridge.protocol.refusals import RateLimited, refusal
from bridge.separation.api.wire import Answer, Wire
from bridge.transfer.retry_after import retry_after

_TOO_MANY = 429


class ApiClient:
    """Speaks the AudioSeparation protocol over a `Wire`; used by several threads at once."""

    def __init__(self, wire: Wire, clock: Callable[[], float] = time.time) -> None:
        self.wire = wire
        self._clock = clock

    @property
    def peer(self) -> str:
        """The service's address."""
        return self.wire.endpoint.base_url

    def create(self, request: CreateRequest, idempotency_key: str = "") -> str:
        """Order a separation and return the task's id. Sent once, and never again from here.

        Raises `OutcomeUnknown` where the order may have been taken: the answer was lost, or has no envelope, whatever
        its HTTP status. `NotSent` and a `RefusedByCloud` with a documented code mean that it was not taken.
        An undocumented code, `UnknownCode` or `TaskGone` here, means neither.
        """
        headers = {IDEMPOTENCY_HEADER: idempotency_key} if idempotency_key else {}
        try:
            answer = self.wire.order(CREATE_PATH, request.to_wire(), headers)
        except AnswerLost as error:
            raise OutcomeUnknown(f"The answer to the order was lost. {error}") from error
        try:
            envelope = _envelope(answer)
            if envelope.success:
                return CreateData.from_wire(envelope.data).job_id
        except ProtocolError as error:
            raise OutcomeUnknown(
                f"HTTP {answer.status} came back, not in the AudioSeparation protocol. Check [api] base_url."
            ) from error
        raise refusal(envelope, self._retry_after(answer))

    def get(self, job_id: str) -> TaskData:
        """Ask how a task stands; may be repeated at will.

        Raises `NotSent`, `AnswerLost` (also for a damaged answer), a `RefusedByCloud`, or `ProtocolError`.
        """
        answer = self.wire.ask(GET_PATH, GetRequest(job_id).to_wire())
        try:
            envelope = _envelope(answer)
            if envelope.success:
                return TaskData.from_wire(envelope.data)
        except ProtocolError as error:
            if 300 <= answer.status < 500:
                raise self._unprotocolled(answer) from error
            raise AnswerLost(f"The service's answer (HTTP {answer.status}) was damaged. {error}") from error
        raise refusal(envelope, self._retry_after(answer))

    def health(self) -> Health | None:
        """Return what our own server says of itself, None where the peer is another's.

        Raises `NotSent` and `AnswerLost`: then nobody knows.
        """
        if self.wire.endpoint.public:
            return None
        answer = self.wire.look(HEALTH_PATH)
        if answer.status >= 500:
            raise AnswerLost(f"The service answered HTTP {answer.status}.")
        try:
            envelope = _envelope(answer)
            return Health.from_wire(envelope.data) if envelope.success else None
        except ProtocolError:
            return None

    def balance(self) -> Balance | None:
        """Return what the key may still spend at our own server; None where the peer is another's, or does not say.

        Never fails: nothing is decided by an answer that does not come.
        """
        if self.wire.endpoint.public:
            return None
        try:
            envelope = _envelope(self.wire.look(BALANCE_PATH, key=True))
            return Balance.from_wire(envelope.data) if envelope.success else None
        except CloudError:
            return None

    def _unprotocolled(self, answer: Answer) -> ProtocolError | RefusedByCloud:
        if answer.status == _TOO_MANY:
            return RateLimited("The separation service answered HTTP 429.", retry_after_s=self._retry_after(answer))
        return ProtocolError(f"{self.peer} answered HTTP {answer.status}, not in the AudioSeparation protocol.")

    def _retry_after(self, answer: Answer) -> float | None:
        return retry_after(answer.headers.get("retry-after", ""), self._clock())


def _envelope(answer: Answer) -> Envelope:
    try:
        parsed: object = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The answer is not JSON.") from error
    return Envelope.from_wire(parsed)
