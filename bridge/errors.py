"""Every error that Stembridge raises on purpose.

    StembridgeError
    ├── ConfigError          the configuration is wrong: every problem at once       (exit 2)
    ├── UsageError           a command was asked for something that makes no sense   (exit 2)
    │   ├── JobNotFound      no job, or more than one, has that id
    │   └── NotPossible      the job's state does not allow what was asked
    ├── InstanceRunning      another process works on the same state folder
    ├── BounceError          the user's file: unreadable, empty, cut off              (never retried)
    ├── EngineError          the engine's part
    │   ├── EngineUnavailable  that engine is not installed or not in this version
    │   ├── ModelUnsupported   that engine cannot make that model's stems
    │   └── EngineFailed       it started and broke
    ├── ServiceError         the separation service's part; `parked` says where the job waits
    │   ├── NotSent            the request certainly never reached it                  (retried)
    │   ├── OutcomeUnknown     a create was sent and its answer lost: it may be paid    (parked)
    │   ├── ProtocolError      it answered, but not in its own protocol
    │   ├── AnswerLost         a question's answer was lost: ask again                  (retried)
    │   ├── RefusedByService   it answered with a code, and did nothing; one class a code: protocol/refusals.py
    │   │   ├── InsufficientCredit, InvalidKey, Suspended, NotEnabled   the account    (parked)
    │   │   ├── RateLimited, ConcurrencyLimited                         too much at once (retried)
    │   │   ├── TaskGone         it no longer knows a task that may be paid             (parked)
    │   │   └── UnknownCode      a code that its documentation does not have
    │   ├── TaskFailed         it could not separate the bounce
    │   └── OverBudget         the job would pass the monthly cap of minutes            (parked)
    ├── StorageError         the disk: full, gone, not writable                       (retried)
    │   └── DeliveryOvertaken  something else took the planned place: plan again
    ├── PublishError         the bounce could not be made reachable, or not be taken back
    │   ├── PublisherUnavailable  not configured, or its library is not installed
    │   ├── PublishDenied    the peer does not let us: credentials, rights, quota
    │   ├── PublishUnreachable    uploaded, but its public URL leads elsewhere
    │   └── PublishFailed    the network or the peer broke                            (retried)
    ├── ReceiptUnreadable    a `stems.json` is damaged, or written by a newer version
    ├── StoreError           the job store: damaged, or written by a newer version
    ├── OscError             OSC: cannot listen, or a message that asks for something it cannot have
    │   ├── PacketError      bytes that are no OSC, or OSC that we do not take; names the address where known
    │   └── ArgumentError    an address that we have not, or arguments that do not fit it
    └── StepCancelled        the user cancelled the job while this step ran

Each carries a short machine-readable `code`, a `message` that says what happened, an `advice` that says what the
user can do about it, and whether trying again unchanged can help (`retryable`).
"""

from __future__ import annotations

import errno
from typing import ClassVar, NamedTuple


class StembridgeError(Exception):
    """The root. Survives pickling, since engines run in another process."""

    default_code: ClassVar[str] = "internal"
    default_advice: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str = "", advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.advice = advice or self.default_advice

    def __str__(self) -> str:
        return self.message


class ConfigProblem(NamedTuple):
    """One wrong line of a configuration file; `line` counts from 1, 0 where the whole file is meant."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class ConfigError(StembridgeError):
    """The configuration cannot be used. Holds every problem found, not only the first."""

    default_code = "config"

    def __init__(self, message: str, *, problems: tuple[ConfigProblem, ...] = (), advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.problems = problems


class UsageError(StembridgeError):
    """A command line or a request that cannot be carried out as asked."""

    default_code = "usage"


class JobNotFound(UsageError):
    """No job has this id, or several ids begin with it."""

    default_code = "job.not_found"
    default_advice = "`stembridge jobs` lists them."


class NotPossible(UsageError):
    """The job is in a state that does not allow this (cancel a delivered one, retry a running one)."""

    default_code = "job.not_possible"


class InstanceRunning(StembridgeError):
    """Another process holds the state folder's lock; the message names it."""

    default_code = "instance.running"


class BounceError(StembridgeError):
    """The bounce itself cannot be used. Nothing but another file helps."""

    default_code = "bounce.unreadable"
    default_advice = "Render the mix again and save it into the inbox."


class EngineError(StembridgeError):
    """Something about the engine that separates."""

    default_code = "engine"


class EngineUnavailable(EngineError):
    """The engine is not installed, or not part of this version."""

    default_code = "engine.unavailable"


class ModelUnsupported(EngineError):
    """The engine cannot make this model's stems; the advice names those that can."""

    default_code = "engine.model"


class EngineFailed(EngineError):
    """The engine started and broke: worth one more try."""

    default_code = "engine.failed"
    retryable = True


class ServiceError(StembridgeError):
    """Something about the separation service, or the way to it."""

    default_code = "service"
    parked: ClassVar[str] = ""
    """The state in which the job waits for a person: "needs_credit", "needs_review", or "" where it does not."""
    fails_over: ClassVar[bool] = False
    """Whether a local engine may take the job over, where that is configured: nothing was or will be paid for it."""


class NotSent(ServiceError):
    """Refused, unresolved, untrusted or timed out before the request left: the service never saw it."""

    default_code = "service.unreachable"
    default_advice = "Check the network, the proxy and [api] base_url; the job is tried again by itself."
    retryable = True


class OutcomeUnknown(ServiceError):
    """The order was sent and its answer lost: the service may be working on it, for money. Never repeated blindly."""

    default_code = "service.outcome_unknown"
    default_advice = (
        "Look at the balance on the service's site. If nothing was taken, `stembridge retry` orders it again; "
        "if it was, `stembridge cancel` drops the job."
    )
    parked = "needs_review"


class AnswerLost(ServiceError):
    """The answer to a question that costs nothing was lost; asking again is safe."""

    default_code = "service.answer_lost"
    default_advice = "The job is tried again by itself."
    retryable = True


class ProtocolError(ServiceError):
    """What came is not the AudioSeparation protocol: another server, a proxy's page, or a damaged answer."""

    default_code = "service.protocol"
    default_advice = "Check [api] base_url and the proxy; something else than the service may be answering."


class RefusedByService(ServiceError):
    """The service answered with another code than success, so it did not do what was asked."""

    default_code = "service.refused"

    def __init__(self, message: str, *, answered: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.answered = answered
        self.retry_after_s = retry_after_s


class TaskFailed(ServiceError):
    """The service took the task and reports that it failed. By its documentation that costs nothing."""

    default_code = "service.task_failed"
    default_advice = "`stembridge retry` orders it again, or choose another model or engine."


class OverBudget(ServiceError):
    """The job's started minutes do not fit into what is left of the monthly cap. Nothing was sent."""

    default_code = "service.budget"
    default_advice = "Raise [api] monthly_minutes, wait for the next month, or choose a local engine."
    parked = "needs_credit"
    fails_over = True


class StorageError(StembridgeError):
    """A disk is full, gone or not writable. Tried again by itself, since that is usually mended."""

    default_code = "storage"
    retryable = True

    @classmethod
    def from_os(cls, error: OSError, doing: str) -> StorageError:
        """Translate an `OSError` met while `doing` (a clause: "writing the stems")."""
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
        code, advice = _STORAGE_HINTS.get(error.errno or 0, ("storage.failed", "Check the disk, then retry the job."))
        return cls(f"{doing}: {reason}{where}", code=code, advice=advice)


_STORAGE_HINTS = {
    errno.ENOSPC: ("storage.full", "Free some space on that disk; the job is tried again by itself."),
    errno.EDQUOT: ("storage.full", "Your quota on that disk is used up; free some space."),
    errno.EACCES: ("storage.denied", "Give Stembridge the right to write there, or choose another folder."),
    errno.EPERM: ("storage.denied", "Give Stembridge the right to write there, or choose another folder."),
    errno.EROFS: ("storage.denied", "That disk is read-only; choose another folder."),
    errno.EIO: ("storage.failed", "The disk reported a read or write error; check it before you go on."),
    errno.ENOENT: ("storage.gone", "The folder is gone; is the disk connected?"),
}


class DeliveryOvertaken(StorageError):
    """Something that is not this job's lies where its take was to go. Nothing was overwritten: plan anew."""

    default_code = "storage.overtaken"
    default_advice = "Nothing was overwritten; the job takes the next free place by itself."


class PublishError(StembridgeError):
    """Something about making a bounce reachable. Messages never hold a credential or a whole public URL."""

    default_code = "publish"


class PublisherUnavailable(PublishError):
    """The publisher is not configured, or the library it needs is not installed; the advice says how."""

    default_code = "publish.unavailable"


class PublishDenied(PublishError):
    """The peer refuses us: wrong credentials, missing rights, no room. Trying again unchanged does not help."""

    default_code = "publish.denied"


class PublishUnreachable(PublishError):
    """The file was uploaded, but its public URL does not give it: nothing has been paid yet."""

    default_code = "publish.unreachable"
    default_advice = "Check `public_url` in [publish] of your configuration, then retry the job."


class PublishFailed(PublishError):
    """The network or the peer broke, also after several tries: worth another try later."""

    default_code = "publish.failed"
    default_advice = "Check the connection; the job is tried again by itself."
    retryable = True


class ReceiptUnreadable(StembridgeError):
    """A receipt is damaged, or written by a newer version."""

    default_code = "receipt.unreadable"
    default_advice = "Deliver the bounce again, or import its stems by hand."


class StoreError(StembridgeError):
    """The job store cannot be opened as it is."""

    default_code = "store"


class OscError(StembridgeError):
    """The OSC port cannot be opened, or a message cannot be carried out."""

    default_code = "osc"


class PacketError(OscError):
    """A packet is not well-formed OSC, or uses what we do not take. Nothing in it was carried out."""

    default_code = "osc.packet"

    def __init__(self, message: str, *, code: str = "", advice: str = "", address: str = "") -> None:
        super().__init__(message, code=code, advice=advice)
        self.address = address
        """The message's address, "" where it is not known or no text."""


class ArgumentError(OscError):
    """A well-formed message has an address that the bridge does not have, or arguments that do not fit it."""

    default_code = "osc.arguments"


class StepCancelled(StembridgeError):
    """The user cancelled while a step ran. Not a failure."""

    default_code = "cancelled"
