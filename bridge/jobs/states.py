"""The states of a job and the one table of what may follow what. Nothing else changes a state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    SEPARATING = "separating"
    NORMALISING = "normalising"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[State, Mapping[State, str]] = MappingProxyType(
    {
        State.QUEUED: {
            State.SEPARATING: "the worker takes it",
            State.FAILED: "it cannot start",
            State.CANCELLED: "cancelled",
        },
        State.SEPARATING: {
            State.NORMALISING: "stems made or kept ones found",
            State.FAILED: "error",
            State.CANCELLED: "cancelled",
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
    }
)

WORKING = frozenset({State.SEPARATING, State.NORMALISING, State.DELIVERING})
"""A worker is on it, or was when the daemon died: a restart resumes these."""

FINAL = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})
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
