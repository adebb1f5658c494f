"""The root of the tree, and what concerns no room in particular."""

from __future__ import annotations

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


class ReceiptUnreadable(StembridgeError):
    """A receipt is damaged, or written by a newer version."""

    default_code = "receipt.unreadable"
    default_advice = "Deliver the bounce again, or import its stems by hand."


class StoreError(StembridgeError):
    """The job store cannot be opened as it is."""

    default_code = "store"


class NoMoreThreads(StembridgeError):
    """The system refuses another thread."""

    default_code = "system.threads"
    default_advice = "Raise the limit of threads (`ulimit -u`, or TasksMax of systemd), or close other programs."


class StepCancelled(StembridgeError):
    """The user cancelled while a step ran. Not a failure."""

    default_code = "cancelled"


class StopRequested(StembridgeError):
    """A task in another process was asked to stop, and did. Nobody waits for its result."""

    default_code = "stopped"
