"""From a packet to what it asks for. Whatever comes, nothing leaves this file but answers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping

from bridge.errors import ArgumentError, PacketError, StembridgeError
from bridge.osc.addresses import INCOMING, OUTGOING, Value
from bridge.osc.commands import Command
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from bridge.osc.limits import RateLimit
from bridge.osc.packet import Found, messages
from bridge.osc.peers import Peer

log = logging.getLogger(__name__)

_LOGGED_AT_ONCE, _LOGGED_A_SECOND = 10, 0.1


class Router:
    """Finds the command for a message by its exact address. Threads may share one."""

    def __init__(
        self, table: Mapping[str, Command], feedback: Feedback, counters: Counters, clock: Callable[[], float]
    ) -> None:
        self._table = table
        self._feedback = feedback
        self._counters = counters
        self._logged = RateLimit(_LOGGED_AT_ONCE, _LOGGED_A_SECOND, clock)

    def handle(self, packet: bytes, peer: Peer) -> None:
        """Carry out the messages in a packet, at once or on a lane, and answer. Never raises."""
        try:
            found = messages(packet)
        except Exception as error:  # a mistake of ours in the check must not end the thread that listens
            self._failed(peer, error.address if isinstance(error, PacketError) else "", error)
            return
        self._counters.add("messages", len(found))
        for message in found:
            try:
                self._carry_out(message, peer)
            except Exception as error:  # nor must one of those who carry out
                self._failed(peer, message.address, error)

    def broken(self, error: PacketError, peer: Peer) -> None:
        """Answer a stream that cannot be followed any more."""
        self._feedback.refuse(peer, error.address, error)

    def _carry_out(self, message: Found, peer: Peer) -> None:
        if message.address in OUTGOING:
            raise ArgumentError("It is what a bridge says, and not what one takes.", code="osc.outgoing")
        row = INCOMING.get(message.address)
        if row is None:
            raise ArgumentError("The bridge has no such address.", code="osc.address", advice="docs/osc.md lists them.")
        command = self._table[message.address]
        given = command.noting(row.values(message))
        if command.lane is None:
            command.run(peer, given)
        else:
            command.lane.submit(functools.partial(self._on_lane, command, message.address, peer, given))

    def _on_lane(self, command: Command, address: str, peer: Peer, given: list[Value]) -> None:
        try:
            command.run(peer, given)
        except Exception as error:  # nor may it end the lane
            self._failed(peer, address, error)

    def _failed(self, peer: Peer, address: str, error: Exception) -> None:
        """Answer an error: the last line before the threads that listen and work, so of whatever kind it is."""
        if isinstance(error, StembridgeError):
            self._feedback.refuse(peer, address, error)
            return
        if self._logged.take():
            log.error("OSC message %r", address, exc_info=error)
        self._feedback.refuse(peer, address, _INTERNAL)


_INTERNAL = StembridgeError("Something went wrong inside the bridge.", advice="Its log says what.")
