"""What the room is told: where to listen, whom to let in, and who hears of every job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Endpoint(NamedTuple):
    """Where something listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Poke:
    """A message that a DAW gets when a delivery is finished, so that it need not look by itself."""

    to: Endpoint
    address: str
    argument: str = ""
    """Sent as its one string; empty: the message has no argument."""


@dataclass(frozen=True, slots=True)
class OscOptions:
    """How the bridge speaks OSC."""

    host: str = "127.0.0.1"
    port: int = 9123
    """0 takes any free one, the same for UDP and TCP."""
    tcp: bool = True
    allow: tuple[str, ...] = ()
    """Addresses and networks (such as "10.0.0.0/24") besides this machine that may send; the rest is passed over."""
    feedback: tuple[Endpoint, ...] = ()
    """Who hears of every job, over UDP."""
    pokes: tuple[Poke, ...] = ()
