"""Answers to what was sent, and what becomes of those that nobody may be sent."""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import StembridgeError
from bridge.osc import saying
from bridge.osc.addresses import OUTGOING
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from bridge.osc.limits import RateLimit
from bridge.osc.peers import Peer

_ERRORS_AT_ONCE, _ERRORS_A_SECOND = 20, 10
"""Error answers to one host, whatever its ports: there are more of those than buckets."""
_ALL_AT_ONCE, _ALL_A_SECOND = 400, 200
"""Error answers to all hosts: a source that is made up must not have us flood its owner."""


class Answers:
    """Sends answers: to the sender, and to those who hear of everything."""

    def __init__(self, feedback: Feedback, counters: Counters, clock: Callable[[], float]) -> None:
        self._feedback = feedback
        self._counters = counters
        self._each = RateLimit(_ERRORS_AT_ONCE, _ERRORS_A_SECOND, clock)
        self._all = RateLimit(_ALL_AT_ONCE, _ALL_A_SECOND, clock)

    def answer(self, peer: Peer, packet: bytes) -> None:
        """Send an answer."""
        # In this order: who begins to hear everything because of this answer is not meant yet.
        self._feedback.copy(packet, but=peer)
        peer.send(packet)

    def refuse(self, peer: Peer, address: str, error: StembridgeError) -> None:
        """Say why something was not carried out, unless too much was said already or the other is a bridge, too."""
        self._counters.error(error.code)
        if address in OUTGOING or not (self._each.take(peer.host) and self._all.take()):
            self._counters.add("dropped")
            return
        self.answer(peer, saying.error(address, error))
