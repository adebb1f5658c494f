"""The states of a job and the one table of what may follow what. Nothing else changes a state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    SEPARATING = "separating"
    PUBLISHING = "publishing"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    DOWNLOADING = "downloading"
    NORMALISING = "normalising"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_CREDIT = "needs_credit"
    NEEDS_REVIEW = "needs_review"


_ANY_REMOTE_STEP = {
    State.QUEUED: "a local engine takes over",
    State.NEEDS_CREDIT: "no credit, or the key is refused",
    State.FAILED: "error",
    State.CANCELLED: "cancelled",
}

TRANSITIONS: Mapping[State, Mapping[State, str]] = MappingProxyType(
    {
        State.QUEUED: {
            State.SEPARATING: "the worker takes it",
            State.FAILED: "it cannot start",
            State.CANCELLED: "cancelled",
        },
        State.SEPARATING: {
            State.NORMALISING: "stems made or kept ones found",
            State.PUBLISHING: "for the service",
            State.SUBMITTING: "published before",
            State.WAITING: "ordered before",
            State.DOWNLOADING: "finished before",
            State.NEEDS_REVIEW: "an order's outcome is unknown",
            **_ANY_REMOTE_STEP,
        },
        State.PUBLISHING: {
            State.SUBMITTING: "reachable",
            State.WAITING: "another job's order is followed",
            State.NORMALISING: "kept stems found",
            State.NEEDS_REVIEW: "another job's order is unclear",
            **_ANY_REMOTE_STEP,
        },
        State.SUBMITTING: {
            State.WAITING: "the order's id is noted",
            State.DOWNLOADING: "finished at once",
            State.PUBLISHING: "its URL ran out",
            State.NORMALISING: "kept stems found",
            State.NEEDS_REVIEW: "the answer was lost",
            **_ANY_REMOTE_STEP,
        },
        State.WAITING: {
            State.DOWNLOADING: "success",
            State.NORMALISING: "kept stems found",
            State.NEEDS_REVIEW: "the task is gone",
            **_ANY_REMOTE_STEP,
        },
        State.DOWNLOADING: {
            State.NORMALISING: "stems fitted to the mix",
            State.WAITING: "the results are asked for again",
            State.NEEDS_REVIEW: "the task is gone",
            **_ANY_REMOTE_STEP,
        },
        State.NORMALISING: {
            State.DELIVERING: "rendered in staging",
            State.SEPARATING: "kept stems gone",
            State.FAILED: "error",
            State.CANCELLED: "cancelled",
        },
        State.DELIVERING: {
            State.DELIVERED: "receipt written",
            State.NORMALISING: "staging gone or folder taken",
            State.FAILED: "error",
            State.CANCELLED: "cancelled",
        },
        State.DELIVERED: {},
        State.FAILED: {
            State.QUEUED: "retry",
            State.CANCELLED: "dropped",
        },
        State.CANCELLED: {
            State.QUEUED: "retry",
        },
        State.NEEDS_CREDIT: {
            State.QUEUED: "retry",
            State.CANCELLED: "dropped",
        },
        State.NEEDS_REVIEW: {
            State.QUEUED: "retry",
            State.CANCELLED: "dropped",
        },
    }
)

REMOTE = frozenset({State.PUBLISHING, State.SUBMITTING, State.WAITING, State.DOWNLOADING})
"""The separation service is involved."""

MAKING = frozenset({State.SEPARATING}) | REMOTE
"""Stems are being made; from the next state on they are kept."""

WORKING = frozenset({State.NORMALISING, State.DELIVERING}) | MAKING
"""A worker is on it, or was when the daemon died: a restart resumes these."""

PARKED = frozenset({State.NEEDS_CREDIT, State.NEEDS_REVIEW})
"""A person has to decide: top up, change the key, order again, or drop it."""

FINAL = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED}) | PARKED
"""Nothing more happens unless somebody asks, or a failure that may be retried comes due."""


def allowed(before: State, after: State) -> bool:
    """Say whether the table lets a job pass from one state to the other."""
    return after in TRANSITIONS[before]


def diagram() -> str:
    """Draw the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> queued: accepted"]
    for before, targets in TRANSITIONS.items():
        lines += [f"    {before} --> {after}: {why}" for after, why in targets.items()]
    lines.append(f"    {State.DELIVERED} --> [*]")
    return "\n".join(lines)
