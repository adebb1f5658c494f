"""Sends each job's events to its followers. One thread calls it; sending never blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State
from bridge.jobs.tracker import JobTracker
from bridge.osc import outgoing
from bridge.osc.audience import Subscribers, Targets
from bridge.osc.counters import Counters
from bridge.osc.options import Poke
from bridge.osc.peers import Peer

_MOST_OVER: Final = 256
"""Ended jobs that are still known, so that nobody is sent their end twice."""
_MOST_ASKERS: Final = 64
"""Peers that may follow one job because they asked for it."""


class _Followed:
    """A job's followers, and who was already sent its accepted and its state message, so that nobody gets it twice."""

    def __init__(self, job: Job) -> None:
        self.tracker = JobTracker(job)
        self.askers: dict[Peer, None] = {}
        self.began: tuple[float, set[Peer]] = (0.0, set())
        self.moved: tuple[float, set[Peer]] = (0.0, set())

    def add(self, asker: Peer) -> None:
        """Add a follower; beyond the limit the oldest one is removed."""
        self.askers[asker] = None
        if len(self.askers) > _MOST_ASKERS:
            del self.askers[next(iter(self.askers))]


class Broadcaster:
    """Sends each job's events once to whoever asked for the job, to the subscribers and to the configured targets."""

    def __init__(
        self,
        subscribers: Subscribers,
        targets: Targets,
        pokes: Sequence[Poke],
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        """`clock` gives seconds that never fall."""
        self._clock = clock
        self._subscribers = subscribers
        self._targets = targets
        self._pokes = [(poke.to, outgoing.poke(poke)) for poke in pokes]
        self._counters = counters
        self._open: dict[str, _Followed] = {}
        self._holding: dict[str, _Followed] = {}
        self._over: OrderedDict[str, _Followed] = OrderedDict()

    def audience(self) -> set[Peer]:
        """Return the peers that are sent everything. Called often, on any thread."""
        return self._subscribers.all() | self._targets.all() if self._subscribers else self._targets.all()

    def on_job_changed(self, job: Job) -> None:
        """Send what a job's next snapshot brings."""
        now, followed = self._clock(), self._find(job)
        if followed is None:
            followed = _Followed(job)
            news = followed.tracker.begin(now)
        else:
            news = followed.tracker.change(job, now)
        told = self._say(outgoing.packets(news.events), followed)
        if news.began:
            followed.began = now, set(told)
        if news.moved:
            followed.moved = now, set(told)
        self._keep(followed)
        if news.moved and job.state is State.DELIVERED:
            self._poke()

    def follow(self, job: Job, peer: Peer, asked: float, *, accepted: bool) -> None:
        """Send `peer` the state of a job that it asked for at `asked` (by the clock), and from now on its events.

        `accepted`: begin with the accepted message. What the peer was sent since it asked, as a peer that is sent
        everything, is not repeated.
        """
        followed = self._find(job) or _Followed(job)
        at, owed = followed.began if accepted else followed.moved
        if at >= asked and peer in owed:
            owed.remove(peer)
        else:
            for packet in outgoing.packets(followed.tracker.summary(accepted=accepted)):
                peer.send(packet)
        followed.add(peer)
        self._keep(followed)

    def send(self, packet: bytes, peers: set[Peer]) -> None:
        """Send one packet to several peers."""
        for peer in peers:
            self._send(peer, packet)

    def wait_s(self) -> float | None:
        """Return the seconds until held-back progress is due; None where there is none."""
        times = [due for followed in self._holding.values() if (due := followed.tracker.due) is not None]
        return max(0.0, min(times) - self._clock()) if times else None

    def catch_up(self) -> None:
        """Send the held-back progress that is due."""
        for job_id, followed in list(self._holding.items()):
            self._say(outgoing.packets(followed.tracker.progress(self._clock())), followed)
            if followed.tracker.due is None:
                del self._holding[job_id]

    def _find(self, job: Job) -> _Followed | None:
        return self._open.get(job.id) or self._over.get(job.id)

    def _keep(self, followed: _Followed) -> None:
        """File a job under open or ended, by its state."""
        job = followed.tracker.job
        self._open.pop(job.id, None)
        self._over.pop(job.id, None)
        if followed.tracker.due is not None:
            self._holding[job.id] = followed
        if job.state not in FINAL:
            self._open[job.id] = followed
            return
        if job.failure is None or job.failure.retry_at is None:
            followed.askers.clear()
        self._over[job.id] = followed
        if len(self._over) > _MOST_OVER:
            self._over.popitem(last=False)

    def _say(self, packets: Sequence[bytes], followed: _Followed) -> set[Peer]:
        """Send packets about a job, and return the peers that they were sent to."""
        told = self.audience() | followed.askers.keys() if packets else set()
        for peer in told:
            if not all(self._send(peer, packet) for packet in packets):
                followed.askers.pop(peer, None)
        return told

    def _send(self, peer: Peer, packet: bytes) -> bool:
        here = peer.send(packet)
        if not here:
            self._subscribers.remove(peer)
        return here

    def _poke(self) -> None:
        for to, packet in self._pokes:
            peer = self._targets.peer(to)
            if peer is None:
                self._counters.add("dropped")
            else:
                peer.send(packet)
