"""What the bridge says leaves here: answers at once, the news of jobs and copies of answers on a thread of their own.

Nobody who changes a job ever waits for it.
"""

from __future__ import annotations

import functools
import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

from bridge.errors import StembridgeError
from bridge.jobs.job import Job
from bridge.osc import outgoing
from bridge.osc.addresses import OUTGOING
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.counters import Counters
from bridge.osc.limits import is_loopback
from bridge.osc.peers import Peer
from bridge.rate_limit import RateLimit

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 10_000
_COPIES_AT_ONCE, _COPIES_A_SECOND = 100, 50
_ERRORS_HERE_AT_ONCE, _ERRORS_HERE_A_SECOND = 2_000, 500
"""Error answers to this machine: as many as anybody can want, and not as many as a program gone mad can cause."""
_ERRORS_AT_ONCE, _ERRORS_A_SECOND = 20, 10
"""Error answers to another host, whatever its ports: there are more of those than buckets."""
_ALL_ERRORS_AT_ONCE, _ALL_ERRORS_A_SECOND = 400, 200
"""Error answers to all other hosts: a source that is made up must not have us flood its owner."""


class Feedback:
    """Answers, and a thread that tells of jobs. Every method but `stop` returns at once, on whatever thread."""

    def __init__(self, broadcaster: Broadcaster, counters: Counters, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never fall."""
        self.clock = clock
        self._broadcaster = broadcaster
        self._counters = counters
        self._copies = RateLimit(_COPIES_AT_ONCE, _COPIES_A_SECOND, clock)
        self._errors_here = RateLimit(_ERRORS_HERE_AT_ONCE, _ERRORS_HERE_A_SECOND, clock)
        self._errors = RateLimit(_ERRORS_AT_ONCE, _ERRORS_A_SECOND, clock)
        self._all_errors = RateLimit(_ALL_ERRORS_AT_ONCE, _ALL_ERRORS_A_SECOND, clock)
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="osc-feedback", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Tell what is waiting, for at most about this long, and then nothing any more."""
        try:
            self._waiting.put(None, timeout=wait_s)
        except queue.Full:
            return
        self._thread.join(wait_s)

    def on_job_changed(self, job: Job) -> None:
        """Hear of a change: a listener of the job store."""
        self._later(functools.partial(self._broadcaster.on_job_changed, job))

    def follow(self, job: Job, peer: Peer, asked: float, *, accepted: bool) -> None:
        """Tell `peer` of a job that it asked for at `asked`, by `clock`; see `Broadcaster.follow`."""
        self._later(functools.partial(self._broadcaster.follow, job, peer, asked, accepted=accepted))

    def answer(self, peer: Peer, packet: bytes) -> None:
        """Answer who asked, and tell the answer to those who hear everything."""
        # In this order: who begins to hear everything because of this answer is not meant yet.
        self._copy(packet, but=peer)
        peer.send(packet)

    def refuse(self, peer: Peer, address: str, error: StembridgeError) -> None:
        """Say why something was not carried out, unless too much was said already or the other is a bridge, too."""
        self._counters.error(error.code)
        if address in OUTGOING or not self._may_refuse(peer.host):
            self._counters.add("dropped")
            return
        self.answer(peer, outgoing.error(address, error))

    def _may_refuse(self, host: str) -> bool:
        if is_loopback(host):
            return self._errors_here.take()
        return self._errors.take(host) and self._all_errors.take()

    def _copy(self, packet: bytes, but: Peer) -> None:
        """Tell an answer to all others, for many programs send from a port that they do not read."""
        audience = self._broadcaster.audience() - {but}
        if audience and not self._copies.take():
            self._counters.add("dropped")
        elif audience:
            self._later(functools.partial(self._broadcaster.send, packet, audience))

    def _later(self, what: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            self._counters.add("dropped")

    def _run(self) -> None:
        while True:
            try:
                what = self._waiting.get(timeout=self._broadcaster.wait_s())
            except queue.Empty:
                what = _nothing
            if what is None:
                return
            try:
                what()
                self._broadcaster.catch_up()
            except Exception:
                # One job's mistake must not leave all others without a word.
                log.exception("OSC feedback")


def _nothing() -> None:
    """Stand in for what was waited for in vain."""
