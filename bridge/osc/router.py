"""From a packet to what it asks for, at once or on a lane. Whatever comes, nothing leaves this file but answers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bridge.errors import ArgumentError, OscError, PacketError, StembridgeError
from bridge.osc.addresses import INCOMING, OUTGOING, Value
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from bridge.osc.packet import Found, messages
from bridge.osc.peers import Peer
from bridge.rate_limit import RateLimit
from bridge.threads import WorkerThreads

log = logging.getLogger(__name__)

_LOGGED_AT_ONCE, _LOGGED_A_SECOND = 10, 0.1
_INTERNAL = StembridgeError("Something went wrong inside the bridge.", advice="Its log says what.")


class Lane:
    """A few threads for what may take long, and a bounded queue before them: the threads that listen never wait."""

    def __init__(self, name: str, threads: int, capacity: int) -> None:
        """At most `capacity` tasks wait."""
        self._threads = WorkerThreads[Callable[[], None]](name, threads, lambda task: task(), capacity)

    def start(self) -> None:
        """Begin to work. Raises `NoMoreThreads`."""
        self._threads.start()

    def stop(self, wait_s: float) -> None:
        """Begin nothing more, and wait this long for what is under way."""
        self._threads.stop(wait_s)

    def submit(self, task: Callable[[], None]) -> None:
        """Have a task done, which must not raise; raise `OscError` where too many wait already."""
        if not self._threads.submit(task):
            raise OscError("The bridge has too much to do at once.", code="osc.busy", advice="Send it again.")


Run = Callable[[Peer, list[Value]], None]
"""Carries a message out, given who sent it and its arguments; a `StembridgeError` that it raises becomes the answer."""


class Command(NamedTuple):
    """How one address is carried out."""

    run: Run
    lane: Lane | None = None
    """Where; None: at once, where it was heard."""
    noting: Callable[[list[Value]], list[Value]] = list
    """Adds to the arguments what holds at the moment when they are heard, for a lane may be minutes behind."""


class Router:
    """Finds the command for a message by its exact address. Threads may share one."""

    def __init__(
        self, table: Mapping[str, Command], feedback: Feedback, counters: Counters, clock: Callable[[], float]
    ) -> None:
        """`table`: what each incoming address does. `clock` gives seconds that never fall."""
        self._table = table
        self._feedback = feedback
        self._counters = counters
        self._logged = RateLimit(_LOGGED_AT_ONCE, _LOGGED_A_SECOND, clock)

    def handle(self, packet: bytes, peer: Peer) -> None:
        """Carry out the messages in a packet, or have a lane do it, and answer. Never raises."""
        self._attempt(peer, "", functools.partial(self._take_apart, packet, peer))

    def broken(self, error: PacketError, peer: Peer) -> None:
        """Answer a stream that cannot be followed any more."""
        self._feedback.refuse(peer, error.address, error)

    def _take_apart(self, packet: bytes, peer: Peer) -> None:
        found = messages(packet)
        self._counters.add("messages", len(found))
        for message in found:
            self._attempt(peer, message.address, functools.partial(self._carry_out, message, peer))

    def _carry_out(self, message: Found, peer: Peer) -> None:
        log.debug("OSC: %s", message.address)
        if message.address in OUTGOING:
            raise ArgumentError("The bridge sends this address; it does not accept it.", code="osc.outgoing")
        row = INCOMING.get(message.address)
        if row is None:
            raise ArgumentError("The bridge has no such address.", code="osc.address", advice="docs/osc.md lists them.")
        command = self._table[message.address]
        task = functools.partial(command.run, peer, command.noting(row.values(message)))
        if command.lane is None:
            task()
        else:
            command.lane.submit(functools.partial(self._attempt, peer, message.address, task))

    def _attempt(self, peer: Peer, address: str, task: Callable[[], None]) -> None:
        """Do something, and answer whatever goes wrong with it."""
        try:
            task()
        except PacketError as error:
            self._feedback.refuse(peer, error.address, error)
        except StembridgeError as error:
            self._feedback.refuse(peer, address, error)
        except Exception:
            # A mistake of ours must end neither a thread that listens nor a lane: nobody would start it again.
            if self._logged.take():
                log.exception("OSC message %r", address)
            self._feedback.refuse(peer, address, _INTERNAL)
