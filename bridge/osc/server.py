"""The room: everything that makes up OSC, started and stopped together."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

from bridge.jobs.job import Job
from bridge.osc.actions import Actions
from bridge.osc.audience import Subscribers, Targets
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.commands import Commands
from bridge.osc.counters import Counters, Counts
from bridge.osc.feedback import Feedback
from bridge.osc.limits import AllowedHosts
from bridge.osc.options import OscOptions
from bridge.osc.peers import Outlet
from bridge.osc.router import Lane, Router
from bridge.osc.sockets import open_port
from bridge.osc.tcp import TcpListener
from bridge.osc.udp import UdpListener

log = logging.getLogger(__name__)

_PATIENCE_S = 0.3
"""How long a stop waits for what is under way on one thread."""
_COPYING_THREADS, _MOST_COPIES = 2, 128
_MOST_QUESTIONS = 128


class OscServer:
    """OSC, listening from `__enter__` to `__exit__`."""

    def __init__(
        self, options: OscOptions, actions: Actions, version: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds that never fall."""
        self._options = options
        self._actions = actions
        self._version = version
        self._clock = clock
        self._counters = Counters()
        self._stack = ExitStack()
        self._feedback: Feedback | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Where it listens, UDP and TCP; 0 before it started."""
        return self._port

    @property
    def counters(self) -> Counts:
        """What it has counted so far."""
        return self._counters.now()

    def on_job_changed(self, job: Job) -> None:
        """Hear of a job that has changed: a listener for the job store. Returns at once, on any thread."""
        feedback = self._feedback  # once: another thread may stop the room in between
        if feedback is not None:
            feedback.on_job_changed(job)

    def __enter__(self) -> OscServer:
        """Start. Raises `OscError` where the port cannot be had; nothing is left running then."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop within a second or so; a copy that is under way is left to end by itself."""
        self._feedback = None
        self._stack.close()
        counts = self.counters
        if counts.received or counts.refused:
            log.info("OSC until its end: %s", counts)

    def _start(self, stack: ExitStack) -> None:
        options, clock, counters = self._options, self._clock, self._counters
        datagrams, stream = open_port(options.host, options.port, tcp=options.tcp)
        stack.callback(datagrams.close)
        if stream is not None:
            stack.callback(stream.close)
        outlet = Outlet(datagrams, counters)
        stack.callback(outlet.close)

        subscribers = Subscribers(clock)
        targets = Targets(outlet, options.feedback, [poke.to for poke in options.pokes])
        targets.start()
        stack.callback(targets.stop)
        broadcaster = Broadcaster(subscribers, targets, options.pokes, counters, clock)
        feedback = Feedback(broadcaster, counters, clock)
        feedback.start()
        stack.callback(feedback.stop, _PATIENCE_S)

        copying, asking = Lane("osc-copying", _COPYING_THREADS, _MOST_COPIES), Lane("osc-asking", 1, _MOST_QUESTIONS)
        for lane in (copying, asking):
            lane.start()
            stack.callback(lane.stop, _PATIENCE_S)
        commands = Commands(self._actions, feedback, subscribers, outlet)
        router = Router(commands.table(self._version, copying, asking), feedback, counters, clock)
        self._feedback = feedback  # before anybody can ask for a job
        self._listen(stack, router, datagrams, stream, outlet)

    def _listen(
        self, stack: ExitStack, router: Router, datagrams: socket.socket, stream: socket.socket | None, outlet: Outlet
    ) -> None:
        address, self._port = datagrams.getsockname()[:2]
        # Who sends from this very machine to an address of its network sends from that address.
        allowed = AllowedHosts((*self._options.allow, address.partition("%")[0]), self._clock)
        udp = UdpListener(datagrams, outlet, allowed, router.handle, self._counters)
        udp.start()
        stack.callback(udp.stop)
        if stream is not None:
            tcp = TcpListener(stream, allowed, router.handle, router.broken, self._counters)
            tcp.start()
            stack.callback(tcp.stop)
        transports = "UDP and TCP" if stream is not None else "UDP"
        log.info("OSC listens at %s port %d (%s)", self._options.host, self._port, transports)
