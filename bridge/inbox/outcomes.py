"""The outcomes that worker threads report to the inbox's main thread, for each file that has settled."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import StembridgeError
from bridge.inbox.settling import Ready
from bridge.inbox.spool import SpoolCopy


@dataclass(frozen=True, slots=True)
class Copied:
    """The copy lies in the spool."""

    ready: Ready
    copy: SpoolCopy


@dataclass(frozen=True, slots=True)
class NotYet:
    """The file is not finished after all."""

    ready: Ready
    unfinished: bool
    """Its container is not complete. Otherwise it changed, a program writes to it, or it was read too early."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The file is no longer there, or turned out to be part of a delivery."""

    ready: Ready


@dataclass(frozen=True, slots=True)
class Failed:
    """Something is wrong that the user should know."""

    ready: Ready
    error: StembridgeError


@dataclass(frozen=True, slots=True)
class Asked:
    """A job file's request was accepted."""

    ready: Ready
    job: str
    removed: bool
    """False where the job file could not be removed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A job file's request was refused."""

    ready: Ready
    error: StembridgeError
    removed: bool
    """False where the answer could not be put in the job file's place."""


Outcome = Copied | NotYet | Gone | Failed | Asked | Refused
