"""The state of one remote task, as the job's checkpoint stores it, and its allowed changes. Pure.

The rule that everything here serves: **never pay twice**. An order that cannot be repeated safely goes out only after
the intention to send it is on the disk, and at most once for each word of a person. Whoever finds an intention without
an id does not know whether the task exists, and asks.

With our own server it can be known: it honours an `Idempotency-Key`, so an order noted with one may be repeated under
the same key, to the same server, until its id is known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self, get_type_hints

from bridge.errors import CloudError, OutcomeUnknown

EXPIRY_MARGIN_S: Final = 600.0
"""A URL that lives no longer than this is not given to the service any more: it may queue before it fetches."""


class Step(StrEnum):
    """What is being done for the job; the names are those of its states."""

    PUBLISHING = "publishing"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    DOWNLOADING = "downloading"


class Action(StrEnum):
    """What to do next."""

    PUBLISH = "publish"
    ORDER = "order"
    REPEAT = "repeat"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class Remote:
    """What is known of the task. A restart begins with this and nothing else."""

    step: Step = Step.PUBLISHING
    url: str = ""
    """Where the mix is or was published: a secret."""
    handle: str = ""
    expires: float = 0.0
    """When the URL ends, in seconds since the epoch."""
    intent: bool = False
    """The order may have been sent."""
    peer: str = ""
    """The service that the order went to."""
    idempotency_key: str = ""
    """Only where the peer honours it."""
    lost: bool = False
    """An answer to this very order was lost before."""
    remote_id: str = ""
    minutes: int = 0
    """Started minutes: as estimated, then as the service reports them."""
    stems: Mapping[str, str] = field(default_factory=dict)
    """The names of the downloaded files by their stems, once all are there."""
    shared_with: str = ""
    """The id of the job that ordered `remote_id`, where this job only follows that task. Never billed here."""
    given_up: bool = False
    """An order of this job was taken, and the service gave its task up."""
    approved: bool = False
    """A person allowed an order although there was one for this audio before."""
    passed: str = ""
    """The task that the person's approval replaces."""
    sent: int = 0
    """How many frames of the mix were uploaded for the order; 0 if unknown."""

    def to_json(self) -> dict[str, object]:
        """Return values that JSON can hold."""
        return {**dataclasses.asdict(self), "step": str(self.step), "stems": dict(self.stems)}

    @classmethod
    def from_json(cls, state: Mapping[str, object]) -> Self:
        """Read a checkpoint, {} for a new task. What a newer version added is passed over; raises `ValueError`."""
        values: dict[str, Any] = {}
        for name, kind in get_type_hints(cls).items():
            value = state.get(name)
            if value is None:
                continue
            values[name] = _checked(name, kind, value)
        return cls(**values)


def _checked(name: str, kind: type, value: object) -> object:
    if kind is Step:
        return Step(str(value))
    if name == "stems" and isinstance(value, Mapping):
        return {str(stem): str(file) for stem, file in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"The checkpoint's {name} is {value!r}.")
    return value


def next_action(remote: Remote, peer: str, now: float) -> Action:
    """Say how to go on from a checkpoint, after a restart or not.

    Raises `OutcomeUnknown` for an order whose outcome nobody knows, and `CloudError` for a task that lives at
    another service than `peer`.
    """
    if remote.remote_id:
        if remote.peer != peer:
            raise CloudError(
                f"The task was ordered from {remote.peer}, and [api] base_url now says {peer}.",
                code="service.moved",
                advice="Set base_url back until the job is delivered, or cancel the job.",
            )
        return Action.FOLLOW
    if remote.intent:
        if remote.idempotency_key and remote.peer == peer:
            return Action.REPEAT
        raise unknown(remote)
    if now >= remote.expires - EXPIRY_MARGIN_S:
        return Action.PUBLISH
    return Action.ORDER


def unknown(remote: Remote, why: str = "Its answer never came.") -> OutcomeUnknown:
    """Return the error that parks the job: what happened, and the two ways on."""
    minutes = f" of {remote.minutes} minute{'s' if remote.minutes != 1 else ''}" if remote.minutes else ""
    return OutcomeUnknown(f"An order{minutes} was sent to {remote.peer} and may have been taken, and paid. {why}")


def published(remote: Remote, url: str, handle: str, expires: float) -> Remote:
    """Note that the mix is reachable."""
    return dataclasses.replace(remote, step=Step.SUBMITTING, url=url, handle=handle, expires=expires)


def withdrawn(remote: Remote) -> Remote:
    """Note that the mix is no longer reachable."""
    return dataclasses.replace(remote, handle="", expires=0.0)


def intended(remote: Remote, peer: str, idempotency_key: str, minutes: int, sent: int = 0) -> Remote:
    """Note that the order for the `sent` frames is about to go out. On the disk before the first byte does."""
    if remote.intent or remote.remote_id or not remote.handle:
        raise ValueError("An order can only be intended once, and for a published mix.")
    return dataclasses.replace(
        remote,
        step=Step.SUBMITTING,
        intent=True,
        peer=peer,
        idempotency_key=idempotency_key,
        minutes=minutes,
        sent=sent,
        given_up=False,
    )


def refused(remote: Remote) -> Remote:
    """Note that the order was not sent, or not taken.

    Once an answer to it was lost, only its id settles the matter: a server may refuse a repeated order at its door, and
    still hold the first.
    """
    if remote.lost:
        return remote
    return dataclasses.replace(remote, intent=False, peer="", idempotency_key="")


def answer_lost(remote: Remote) -> Remote:
    """Note that the outcome of the order is unknown: its answer was lost, or whoever sent it was killed."""
    return dataclasses.replace(remote, lost=True)


def accepted(remote: Remote, remote_id: str) -> Remote:
    """Note the task's id. On the disk before anything else is done."""
    return dataclasses.replace(remote, step=Step.WAITING, remote_id=remote_id, intent=False, lost=False)


def succeeded(remote: Remote, minutes: int) -> Remote:
    """Note that the stems are there, and what they cost."""
    return dataclasses.replace(remote, step=Step.DOWNLOADING, minutes=minutes)


def uncharged(remote: Remote) -> Remote:
    """Note that the task costs nothing: the service had none of the credit that it takes."""
    return dataclasses.replace(remote, minutes=0)


def fetched(remote: Remote, stems: Mapping[str, str]) -> Remote:
    """Note that every stem was downloaded."""
    return dataclasses.replace(remote, stems=dict(stems))


def shared(remote: Remote, other: Remote, job: str) -> Remote:
    """Note that the task which the job `job` ordered is followed, instead of an order of this job's own."""
    return dataclasses.replace(
        remote, step=Step.WAITING, peer=other.peer, remote_id=other.remote_id, sent=other.sent, shared_with=job
    )


def ended(remote: Remote, *, free: bool = False) -> Remote:
    """Note that the service gave the task up; `free` where it certainly cost nothing.

    A retry of this job may order again. Other jobs with the same audio still see that an order was taken.
    """
    return Remote(url=remote.url, handle=remote.handle, expires=remote.expires, given_up=not free)
