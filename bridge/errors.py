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
    ├── StorageError         the disk: full, gone, not writable                       (retried)
    │   └── DeliveryOvertaken  something else took the planned place: plan again
    ├── ReceiptUnreadable    a `stems.json` is damaged, or written by a newer version
    ├── StoreError           the job store: damaged, or written by a newer version
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


class ReceiptUnreadable(StembridgeError):
    """A receipt is damaged, or written by a newer version."""

    default_code = "receipt.unreadable"
    default_advice = "Deliver the bounce again, or import its stems by hand."


class StoreError(StembridgeError):
    """The job store cannot be opened as it is."""

    default_code = "store"


class StepCancelled(StembridgeError):
    """The user cancelled while a step ran. Not a failure."""

    default_code = "cancelled"
