"""What jobs do, told to those who hear of it. Nobody who changes a job ever waits for it."""

from __future__ import annotations

import functools
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State
from bridge.osc import saying
from bridge.osc.allowance import Allowance
from bridge.osc.counters import Counters
from bridge.osc.ending import ending
from bridge.osc.options import Poke
from bridge.osc.peers import Peer
from bridge.osc.subscribers import Subscribers
from bridge.osc.targets import Targets
from bridge.osc.track import News, Track

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 10_000
_MOST_OVER: Final = 256
"""Jobs that are over and still known, so that nobody hears their end twice."""
_MOST_ASKERS: Final = 64
"""Who asked for the same job."""
_COPIES_AT_ONCE, _COPIES_A_SECOND = 100, 50


def _nothing() -> None:
    """Stand in for what was waited for in vain."""


class _Followed:
    """A job, who follows it, and who has just heard of it."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.askers: dict[Peer, None] = {}
        self.began: tuple[float, set[Peer]] = (0.0, set())
        self.moved: tuple[float, set[Peer]] = (0.0, set())

    def add(self, asker: Peer) -> None:
        """Let somebody follow who asked for the job; of too many the first one goes."""
        self.askers[asker] = None
        if len(self.askers) > _MOST_ASKERS:
            del self.askers[next(iter(self.askers))]


class Feedback:
    """The thread that tells. Every method may be called on any thread and returns at once."""

    def __init__(
        self,
        subscribers: Subscribers,
        targets: Targets,
        pokes: Sequence[Poke],
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._subscribers = subscribers
        self._targets = targets
        self._pokes = [(poke.to, saying.poke(poke)) for poke in pokes]
        self._counters = counters
        self._copies = Allowance(_COPIES_AT_ONCE, _COPIES_A_SECOND, clock)
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(_MOST_WAITING)
        self._open: dict[str, _Followed] = {}
        self._holding: dict[str, _Followed] = {}
        self._over: OrderedDict[str, _Followed] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="osc-feedback", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Tell what is waiting, for at most this long, and then nothing any more."""
        try:
            self._waiting.put(None, timeout=wait_s)
        except queue.Full:
            return
        self._thread.join(wait_s)

    def hear(self, job: Job) -> None:
        """Hear of a change: a listener of the job store."""
        self._later(functools.partial(self._heard, job))

    def follow(self, job: Job, peer: Peer, asked: float, *, accepted: bool) -> None:
        """Tell `peer` of a job that it asked for at `asked` (by `clock`), and of all that follows until it is over.

        `accepted`: from its beginning, else from the state it is in. What it has heard since it asked, because it is
        told of every job, is not said again.
        """
        self._later(functools.partial(self._followed, job, peer, asked, accepted))

    def copy(self, packets: Iterable[bytes], but: Peer) -> None:
        """Tell an answer to those who hear everything, for many programs send from a port that they do not read."""
        if self._subscribers or self._targets.all():
            for packet in packets:
                if not self._copies.take():
                    self._counters.add("dropped")
                    return
                self._later(functools.partial(self._copied, packet, but))

    def _later(self, what: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            self._counters.add("dropped")

    # On our own thread.

    def _run(self) -> None:
        while True:
            try:
                what = self._waiting.get(timeout=self._until_due())
            except queue.Empty:
                what = _nothing
            if what is None:
                return
            try:
                what()
                self._say_due()
            except Exception:
                # One job's mistake must not leave all others without a word.
                log.exception("OSC feedback")

    def _until_due(self) -> float | None:
        times = [due for followed in self._holding.values() if (due := followed.track.due) is not None]
        return max(0.0, min(times) - self.clock()) if times else None

    def _say_due(self) -> None:
        for job_id, followed in list(self._holding.items()):
            self._say(followed.track.progress(self.clock()), followed)
            if followed.track.due is None:
                del self._holding[job_id]

    def _heard(self, job: Job) -> None:
        followed = self._find(job)
        if followed is None:
            followed = _Followed(Track(job, ending))
            news = followed.track.begin(self.clock())
        else:
            news = followed.track.change(job, self.clock())
        self._note(news, followed)
        self._say(news.packets, followed)
        self._keep(followed)
        if news.moved and job.state is State.DELIVERED:
            for to, packet in self._pokes:
                self._poke(self._targets.peer(to), packet)

    def _note(self, news: News, followed: _Followed) -> None:
        now, listening = self.clock(), self._audience() | followed.askers.keys()
        if news.began:
            followed.began = now, set(listening)
        if news.moved:
            followed.moved = now, set(listening)

    def _followed(self, job: Job, peer: Peer, asked: float, accepted: bool) -> None:
        followed = self._find(job) or _Followed(Track(job, ending))
        at, owed = followed.began if accepted else followed.moved
        if at >= asked and peer in owed:
            owed.remove(peer)
        else:
            for packet in followed.track.story(accepted=accepted):
                peer.send(packet)
        followed.add(peer)
        self._keep(followed)

    def _copied(self, packet: bytes, but: Peer) -> None:
        for peer in self._audience() - {but}:
            self._send(peer, packet)

    def _find(self, job: Job) -> _Followed | None:
        return self._open.get(job.id) or self._over.get(job.id)

    def _keep(self, followed: _Followed) -> None:
        """Put a job where its state belongs."""
        job = followed.track.job
        self._open.pop(job.id, None)
        self._over.pop(job.id, None)
        if followed.track.due is not None:
            self._holding[job.id] = followed
        if job.state not in FINAL:
            self._open[job.id] = followed
            return
        if job.failure is None or job.failure.retry_at is None:
            followed.askers.clear()
        self._over[job.id] = followed
        if len(self._over) > _MOST_OVER:
            self._over.popitem(last=False)

    def _audience(self) -> set[Peer]:
        return self._subscribers.all() | self._targets.all()

    def _say(self, packets: Sequence[bytes], followed: _Followed) -> None:
        if packets:
            for peer in self._audience() | followed.askers.keys():
                if not all(self._send(peer, packet) for packet in packets):
                    followed.askers.pop(peer, None)

    def _send(self, peer: Peer, packet: bytes) -> bool:
        here = peer.send(packet)
        if not here:
            self._subscribers.remove(peer)
        return here

    def _poke(self, peer: Peer | None, packet: bytes) -> None:
        if peer is None:
            self._counters.add("dropped")
        else:
            peer.send(packet)
