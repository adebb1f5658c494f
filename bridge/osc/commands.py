"""What each incoming address does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.errors import OscError
from bridge.jobs.job import Job
from bridge.jobs.tracker import summary_of
from bridge.osc import addresses, outgoing
from bridge.osc.actions import Actions
from bridge.osc.addresses import Value
from bridge.osc.audience import DEFAULT_S, Subscribers
from bridge.osc.feedback import Feedback
from bridge.osc.peers import Outlet, Peer
from bridge.osc.router import Command, Lane, Run
from bridge.rate_limit import RateLimit

_LISTS_AT_ONCE, _LISTS_A_SECOND = 10, 2
"""Answers to `status` of all jobs, to one host: dozens of messages for one."""
_LOOKS_AT_ONCE, _LOOKS_A_SECOND = 50, 20
"""Answers to `status` of one job, to one host: longer than the question by far, and a look at a disk."""

_RELEASED = 0
"""What many controllers' buttons send when they are let go."""


class Commands:
    """The commands, each with what it needs."""

    def __init__(self, actions: Actions, feedback: Feedback, subscribers: Subscribers, outlet: Outlet) -> None:
        self._actions = actions
        self._feedback = feedback
        self._subscribers = subscribers
        self._outlet = outlet
        self._lists = RateLimit(_LISTS_AT_ONCE, _LISTS_A_SECOND, feedback.clock)
        self._looks = RateLimit(_LOOKS_AT_ONCE, _LOOKS_A_SECOND, feedback.clock)

    def table(self, version: str, copying: Lane, asking: Lane) -> Mapping[str, Command]:
        """Return what each address does: `copying` takes what copies a file, `asking` what asks the job store.

        The rest is done at once, in the order in which it came: a preset holds for each `separate` behind it, and for
        none before it.
        """
        return {
            addresses.SEPARATE: Command(self._separate, copying, self._with_what_is_chosen),
            addresses.CANCEL: Command(self._cancel, asking),
            addresses.RETRY: Command(self._retry, asking),
            addresses.STATUS: Command(self._status, asking),
            addresses.PRESET: Command(self._preset),
            addresses.PAUSE: Command(self._pause),
            addresses.RESUME: Command(self._resume),
            addresses.SUBSCRIBE: Command(self._subscribe),
            addresses.PING: Command(self._pinged(outgoing.Pong(version))),
        }

    def _with_what_is_chosen(self, values: list[Value]) -> list[Value]:
        path, choice = [*values, ""][:2]
        return [path, choice, self._actions.chosen()]

    def _separate(self, peer: Peer, values: list[Value]) -> None:
        path, choice, chosen = map(str, values)
        self._follow(peer, lambda: self._actions.separate(path, choice, chosen), accepted=True)

    def _cancel(self, peer: Peer, values: list[Value]) -> None:
        self._follow(peer, lambda: self._actions.cancel(str(values[0])), accepted=False)

    def _retry(self, peer: Peer, values: list[Value]) -> None:
        self._follow(peer, lambda: self._actions.retry(str(values[0])), accepted=False)

    def _follow(self, peer: Peer, ask: Callable[[], Job], *, accepted: bool) -> None:
        asked = self._feedback.clock()  # before it is done: what is heard from now on need not be said again
        self._feedback.follow(ask(), peer, asked, accepted=accepted)

    def _status(self, peer: Peer, values: list[Value]) -> None:
        if not (self._looks if values else self._lists).take(peer.host):
            raise OscError(
                "Where jobs stand is asked for too often.",
                code="osc.busy",
                advice="/stembridge/subscribe tells of every change by itself.",
            )
        if values:
            packets = outgoing.packets(summary_of(self._actions.job(str(values[0]))))
        else:
            packets = [outgoing.state(job) for job in self._actions.recent()]
            packets.append(outgoing.ok(addresses.STATUS, self._actions.summary()))
        for packet in packets:
            self._feedback.answer(peer, packet)

    def _preset(self, peer: Peer, values: list[Value]) -> None:
        name = str(values[0])
        self._actions.preset(name)
        text = f"The preset is {name} from now on." if name else "No preset is chosen: the defaults hold again."
        self._feedback.answer(peer, outgoing.ok(addresses.PRESET, text))

    def _pause(self, peer: Peer, values: list[Value]) -> None:
        if values != [_RELEASED]:
            self._actions.pause()
            self._feedback.answer(peer, outgoing.ok(addresses.PAUSE, "No further job is begun."))

    def _resume(self, peer: Peer, values: list[Value]) -> None:
        if values != [_RELEASED]:
            self._actions.resume()
            self._feedback.answer(peer, outgoing.ok(addresses.RESUME, "Jobs are begun again."))

    def _subscribe(self, peer: Peer, values: list[Value]) -> None:
        port, seconds = [int(value) for value in (*values, DEFAULT_S)][:2]
        if not (0 if peer.is_stream else 1) <= port <= 65535:
            raise OscError(f"{port} is no UDP port.", code="osc.arguments", advice="Send the port that you listen at.")
        peers: list[Peer] = [peer] if peer.is_stream else []
        if port:
            peers.append(self._outlet.at(peer.host, port))
        self._subscribers.add(peers, seconds)
        where = f"{peer.host} port {port}" if port else "This connection"
        text = f"{where} hears of every job for {seconds} s." if seconds else f"{where} hears no more of every job."
        self._feedback.answer(peer, outgoing.ok(addresses.SUBSCRIBE, text))

    def _pinged(self, pong: outgoing.Pong) -> Run:
        def ping(peer: Peer, values: list[Value]) -> None:
            self._feedback.answer(peer, pong(*map(str, values)))

        return ping
