"""A job as it is stored: a bounce on its way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StembridgeError
from bridge.jobs.arrival import Signature
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed, in the words the musician reads."""

    code: str
    message: str
    advice: str
    retryable: bool
    retry_at: float | None = None
    """When it is tried again by itself, in seconds since the epoch; None: only when somebody asks."""

    @classmethod
    def of(cls, error: StembridgeError, retry_at: float | None = None) -> Failure:
        """Take over what an error says of itself."""
        return cls(error.code, error.message, error.advice, error.retryable, retry_at)


@dataclass(frozen=True, slots=True)
class Job:
    """One bounce on its way. A snapshot: the store gives a new one for each change."""

    id: str
    """Eight letters and digits, unique across machines, since importers stamp it into DAW projects."""
    song: str
    state: State
    door: str
    watched: bool
    """The inbox sees the bounce, by whichever door it came."""
    source: Path
    spool: Path
    sha256: str
    signature: Signature
    key: str
    """What the stems depend on; see `stems_key`."""
    spec: JobSpec
    created: float
    """Seconds since the epoch, as every time here."""
    updated: float
    attempt: int
    progress: float
    """Of the whole job, 0 to 1."""
    step: str
    """What is being done, in words."""
    cancelling: bool
    """Somebody asked for it to be cancelled, and the worker has not got there yet."""
    failure: Failure | None
    plan: str
    """The delivery's plan as JSON, once it is made; a restart keeps to it."""
    folder: Path | None
    """Where the stems were delivered."""
    minutes: int
    """Started minutes that its orders to the cloud were billed, or may be; 0 for a local engine."""
    content_hash: str = ""
    """SHA-256 of the decoded samples in lower-case hex; "" until the bounce has been decoded for an order."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's history."""

    job: str
    at: float
    kind: str
    """"accepted", the name of a state, "cancel requested", "reassigned" or "price"."""
    detail: str


def stems_key(sha256: str, made_by: str) -> str:
    """Return the key of a set of stems: the same key means the same stems, so they need not be made again.

    `sha256` is that of the bounce's file: a copy under another name has the same. `made_by` names the pass, the engine,
    its revision, weights and options.
    """
    return hashlib.sha256(f"{sha256}|{made_by}".encode()).hexdigest()[:32]
