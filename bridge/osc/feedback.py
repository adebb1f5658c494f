"""What jobs do, told to those who hear of it. Nobody who changes a job ever waits for it."""

from __future__ import annotations

import functools
import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

from bridge.jobs.job import Job
from bridge.osc.counters import Counters
from bridge.osc.crier import Crier
from bridge.osc.limits import RateLimit
from bridge.osc.peers import Peer

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 10_000
_COPIES_AT_ONCE, _COPIES_A_SECOND = 100, 50


class Feedback:
    """The thread that tells. Every method but `stop` may be called on any thread and returns at once."""

    def __init__(self, crier: Crier, counters: Counters, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never fall."""
        self.clock = clock
        self._crier = crier
        self._counters = counters
        self._copies = RateLimit(_COPIES_AT_ONCE, _COPIES_A_SECOND, clock)
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

    def hear(self, job: Job) -> None:
        """Hear of a change: a listener of the job store."""
        self._later(functools.partial(self._crier.hear, job))

    def follow(self, job: Job, peer: Peer, asked: float, *, accepted: bool) -> None:
        """Tell `peer` of a job that it asked for at `asked`, by `clock`; see `Crier.follow`."""
        self._later(functools.partial(self._crier.follow, job, peer, asked, accepted=accepted))

    def copy(self, packet: bytes, but: Peer) -> None:
        """Tell an answer to those who hear everything, for many programs send from a port that they do not read."""
        audience = self._crier.audience() - {but}
        if audience and not self._copies.take():
            self._counters.add("dropped")
        elif audience:
            self._later(functools.partial(self._crier.tell, packet, audience))

    def _later(self, what: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            self._counters.add("dropped")

    def _run(self) -> None:
        while True:
            try:
                what = self._waiting.get(timeout=self._crier.wait_s())
            except queue.Empty:
                what = _nothing
            if what is None:
                return
            try:
                what()
                self._crier.catch_up()
            except Exception:
                # One job's mistake must not leave all others without a word.
                log.exception("OSC feedback")


def _nothing() -> None:
    """Stand in for what was waited for in vain."""
