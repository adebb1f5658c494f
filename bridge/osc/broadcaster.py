"""Who hears what of which job. One thread calls it; what it sends never waits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from bridge.jobs.job import Job
from bridge.jobs.states import FINAL, State
from bridge.osc import outgoing
from bridge.osc.audience import Subscribers, Targets
from bridge.osc.counters import Counters
from bridge.osc.options import Poke
from bridge.osc.peers import Peer
from bridge.osc.report import Report

_MOST_OVER: Final = 256
"""Jobs that are over and still known, so that nobody hears their end twice."""
_MOST_ASKERS: Final = 64
"""Who asked for the same job."""


class _Followed:
    """A job, who follows it, and who heard when that it began and that it moved, without having asked for that yet."""

    def __init__(self, job: Job) -> None:
        self.report = Report(job)
        self.askers: dict[Peer, None] = {}
        self.began: tuple[float, set[Peer]] = (0.0, set())
        self.moved: tuple[float, set[Peer]] = (0.0, set())

    def add(self, asker: Peer) -> None:
        """Let somebody follow who asked for the job; of too many the first one goes."""
        self.askers[asker] = None
        if len(self.askers) > _MOST_ASKERS:
            del self.askers[next(iter(self.askers))]


class Broadcaster:
    """Tells each job's news to those who asked for it, to the subscribers and to the configured targets, once each."""

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
        """Return who hears everything. May be asked on any thread, and is often."""
        return self._subscribers.all() | self._targets.all() if self._subscribers else self._targets.all()

    def on_job_changed(self, job: Job) -> None:
        """Tell what a job's next snapshot brings."""
        now, followed = self._clock(), self._find(job)
        if followed is None:
            followed = _Followed(job)
            news = followed.report.begin(now)
        else:
            news = followed.report.change(job, now)
        told = self._say(news.packets, followed)
        if news.began:
            followed.began = now, set(told)
        if news.moved:
            followed.moved = now, set(told)
        self._keep(followed)
        if news.moved and job.state is State.DELIVERED:
            self._poke()

    def follow(self, job: Job, peer: Peer, asked: float, *, accepted: bool) -> None:
        """Tell `peer` of a job that it asked for at `asked` (by the clock), and of all that follows until it is over.

        `accepted`: from its beginning, else from the state it is in. What it has heard since it asked, because it is
        told of every job, is not said again.
        """
        followed = self._find(job) or _Followed(job)
        at, owed = followed.began if accepted else followed.moved
        if at >= asked and peer in owed:
            owed.remove(peer)
        else:
            for packet in followed.report.story(accepted=accepted):
                peer.send(packet)
        followed.add(peer)
        self._keep(followed)

    def tell(self, packet: bytes, peers: set[Peer]) -> None:
        """Tell one thing to some who hear everything."""
        for peer in peers:
            self._send(peer, packet)

    def wait_s(self) -> float | None:
        """Return the seconds until progress is to be told that was held back; None where there is none."""
        times = [due for followed in self._holding.values() if (due := followed.report.due) is not None]
        return max(0.0, min(times) - self._clock()) if times else None

    def catch_up(self) -> None:
        """Tell the progress that was held back and whose time has come."""
        for job_id, followed in list(self._holding.items()):
            self._say(followed.report.progress(self._clock()), followed)
            if followed.report.due is None:
                del self._holding[job_id]

    def _find(self, job: Job) -> _Followed | None:
        return self._open.get(job.id) or self._over.get(job.id)

    def _keep(self, followed: _Followed) -> None:
        """Put a job where its state belongs."""
        job = followed.report.job
        self._open.pop(job.id, None)
        self._over.pop(job.id, None)
        if followed.report.due is not None:
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
        """Tell news of a job, and return who was told."""
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
