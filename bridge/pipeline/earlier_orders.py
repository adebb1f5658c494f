"""Whether another job has ordered the same audio and model, and what this job does then. Pure.

The rule: one order for each audio and model, until a person allows another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import OrderedBefore
from bridge.jobs.cloud_notes import OtherOrder
from bridge.jobs.states import WORKING
from bridge.separation.api.remote import Remote


@dataclass(frozen=True, slots=True)
class Earlier:
    """An order by another job."""

    job: str
    remote: Remote
    working: bool
    """A worker has that job, or had it when its process died."""

    @property
    def about_to_be_known(self) -> bool:
        """The order is on its way at this moment: its task's id may come with the answer."""
        return self.working and self.remote.intent


def earlier_order(own: Remote, others: Sequence[OtherOrder], peer: str) -> Earlier | None:
    """Return the order to follow or to stop at; None where this job may order itself.

    A task at `peer` whose id is known comes before all others, except the one that a person's approval replaces.
    Anything else is no obstacle once a person has approved an order of this job's own.
    """
    earlier = [
        Earlier(other.job, Remote.from_json(json.loads(other.checkpoint)), other.state in WORKING) for other in others
    ]
    for order in earlier:
        if can_follow(own, order, peer):
            return order
    return None if own.approved or not earlier else earlier[0]


def can_follow(own: Remote, order: Earlier, peer: str) -> bool:
    """Say whether the result of the order can be fetched from here."""
    return order.remote.remote_id not in ("", own.passed) and order.remote.peer == peer


def not_at_hand(order: Earlier, peer: str) -> OrderedBefore:
    """Return the error that parks a job whose audio another job has ordered."""
    remote = order.remote
    if remote.remote_id and remote.peer != peer:
        why = f"from {remote.peer}, and [api] base_url now says {peer}"
    elif remote.remote_id or remote.given_up:
        why = "and its task gave no stems"
    else:
        why = "and nobody knows whether that order was taken"
    return OrderedBefore(
        f"Job {order.job} has ordered this audio with this model before, {why}. A second order may cost again.",
        advice=f"See `stembridge show {order.job}`. `stembridge retry` on this job uses that order's result if it has "
        "one by then, else it orders again; `stembridge cancel` drops this job.",
    )


def _earlier(other: OtherOrder) -> Earlier:
    return Earlier(other.job, Remote.from_json(json.loads(other.checkpoint)), other.state in WORKING)
