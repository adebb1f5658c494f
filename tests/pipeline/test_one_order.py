"""Any order of arrivals, answers, kills, retries and cancels: one order for each audio until a person allows another.

The worker, the job store, the engine and the client are the real ones; doubles stand for the wire, the publisher, the
compute tasks and the time. Kept stems are never found: an order must not depend on them.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.audio.mix import Canonical
from bridge.compute.progress import Span
from bridge.compute.tasks import Task
from bridge.errors import AnswerLost, NotSent, StembridgeError
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, State
from bridge.jobs.store import JobStore
from bridge.pipeline import remote as remote_step
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.remote import Cloud, CloudOptions, RemoteStep
from bridge.pipeline.tasks import Prepared, PrepareTask
from bridge.pipeline.worker import Worker
from bridge.protocol.paths import CREATE_PATH
from bridge.publish.publisher import Published
from bridge.separation.api.client import ApiClient
from bridge.separation.api.endpoint import Endpoint
from bridge.separation.api.engine import ApiEngine
from bridge.separation.api.task import Clocks
from bridge.separation.api.wire import Answer, Wire
from bridge.separation.registry import SERVICE
from bridge.units import Frames, Hz, Progress, no_progress

AUDIO = ("song", "intro")
MAY_BE_TAKEN = ("taken", "lost", "100500", "302", "404", "html")
NOT_TAKEN = ("not sent", "101002", "101005")
ANSWERS = st.sampled_from(MAY_BE_TAKEN + NOT_TAKEN)
OUTCOMES = ("success", "empty", "failed", "gone", "killed")
KILLS = ("", "", "", "before publish", "before the order", "after the order")


class Killed(BaseException):
    """kill -9, as far as one process can play it: nothing after this point runs."""


@dataclass
class FakeService:
    """The service at the wire. `creates` counts, for each audio, the orders that may have been taken."""

    endpoint: Endpoint = field(default_factory=lambda: Endpoint("https://service.example", "key"))
    answer: str = "taken"
    outcome: str = "success"
    kill: str = ""
    creates: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    unsent: int = 0

    def order(self, _path: str, body: Mapping[str, object], _headers: Mapping[str, str]) -> Answer:
        assert _path == CREATE_PATH
        if self.kill == "before the order":
            raise Killed
        if self.answer == "not sent":
            self.unsent += 1
            raise NotSent("no connection") if self.unsent % 3 else Killed  # the bridge itself would try for ever
        if self.answer in MAY_BE_TAKEN:
            self.creates[str(body["inputurl"]).rpartition("/")[2]] += 1
        if self.kill == "after the order":
            raise Killed
        if self.answer == "lost":
            raise AnswerLost("cut off")
        if self.answer in ("302", "404", "html"):
            return Answer(200 if self.answer == "html" else int(self.answer), {"location": "/x"}, b"<html>")
        self.tasks += 1
        return _envelope(100000 if self.answer == "taken" else int(self.answer), {"job_id": f"task{self.tasks}"})

    def ask(self, _path: str, _body: Mapping[str, object]) -> Answer:
        if self.outcome == "killed":
            raise Killed
        if self.outcome == "gone":
            return _envelope(101008, {})
        output = {"vocals": "https://service.example/vocals.wav"} if self.outcome == "success" else {}
        status = "failed" if self.outcome == "failed" else "success"
        return _envelope(100000, {"status": status, "output": output, "zip_url": ""})

    def look(self, _path: str, *, key: bool = False) -> Answer:
        return Answer(404, {}, b"")

    @contextlib.contextmanager
    def fetch(self, _url: str, _headers: Mapping[str, str]) -> Iterator[Any]:
        yield SimpleNamespace(status=200, headers={}, encoded=False, received=4, chunks=lambda: iter([b"RIFF"]))

    def publish(self, path: Path, _name: str, _lifetime_s: int, _progress: Progress = no_progress) -> Published:
        if self.kill == "before publish":
            raise Killed
        return Published(f"https://files.example/{path.name}", path.name)

    def withdraw(self, _handle: str) -> None:
        pass


def _envelope(code: int, data: Mapping[str, object]) -> Answer:
    return Answer(200, {}, json.dumps({"code": code, "data": data, "message": "x"}).encode())


class FakeTasks:
    """Runs no compute task: an upload is a name, and stems that were downloaded fit."""

    def run(self, _job: Job, _span: Span, _function: Callable[..., object], task: Task) -> object:
        if isinstance(task, PrepareTask):
            return Prepared(task.mix.path, "mix.wav", task.mix.frames, task.mix.frames)
        return {}

    def check(self, _job_id: str) -> None:
        """Nobody cancels or stops."""


class FakePipeline:
    """The cloud step alone: what it brings is delivered, and nothing is kept."""

    def __init__(self, store: JobStore, step: RemoteStep, root: Path) -> None:
        self._store, self._step, self._root = store, step, root

    def run(self, job: Job) -> Job:
        audio = job.sha256.partition("-")[0]
        mix = Canonical(self._root / audio, Hz(44_100), 2, Frames(44_100), content_hash=audio)
        self._step.separate(job, mix, self._root / job.id)
        job = self._store.get(job.id)
        for state in (State.NORMALISING, State.DELIVERING, State.DELIVERED):
            job = self._store.advance(job, state, folder=self._root)
        return job

    def clean(self, _job: Job) -> None:
        pass

    def stop(self) -> None:
        pass


class Studio(RuleBasedStateMachine):
    """A musician, a bridge that may be killed at any moment, and a service that takes money for each order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.service = FakeService()
        self.now = 1e9
        self.time = 0.0
        self.allowed = Counter(dict.fromkeys(AUDIO, 1))
        self.files = 0
        passing = SimpleNamespace(monotonic=self.passing, time=lambda: self.now)
        self.patch = mock.patch.object(remote_step, "time", passing)
        self.patch.start()
        self.store = self.opened()

    def passing(self) -> float:
        self.time += 10.0
        return self.time

    def opened(self) -> JobStore:
        return JobStore(
            self.root / "jobs.db",
            key_of=lambda arrival: f"{arrival.sha256} 501",
            clock=lambda: self.now,
        )

    def teardown(self) -> None:
        self.store.close()
        self.patch.stop()
        self.folder.cleanup()

    @rule(
        audio=st.sampled_from(AUDIO),
        container=st.sampled_from(["wav", "flac"]),
        name=st.sampled_from(["a", "b"]),
        door=st.sampled_from(["inbox", "cli", "osc", "job file"]),
        touched=st.booleans(),
        force=st.sampled_from([False, False, False, True]),
    )
    def arrive(self, audio: str, container: str, name: str, door: str, touched: bool, force: bool) -> None:
        self.files += touched
        spec = JobSpec(self.root, engine=SERVICE, model=501, force=force and door == "cli")
        sha256, signature = f"{audio}-{container}", Signature(1, 1, self.files)
        source = self.root / f"{name}.{container}"
        arrival = Arrival(source, self.root / "spool", sha256, signature, name, door, spec, watched=door == "inbox")
        if self.store.accept(arrival) is not None:
            self.allowed[audio] += spec.force

    @rule(answer=ANSWERS, outcome=st.sampled_from(OUTCOMES), kill=st.sampled_from(KILLS))
    def work(self, answer: str, outcome: str, kill: str) -> None:
        """Start a process that works until all is done, or until it is killed, with the service in one mood."""
        self.service.answer, self.service.outcome, self.service.kill = answer, outcome, kill
        clocks = Clocks(lambda: self.now, self.passing, lambda: 0.5)
        wire: Wire = self.service  # type: ignore[assignment]
        cloud = Cloud(ApiEngine(ApiClient(wire), clocks), lambda: self.service, CloudOptions())
        tasks: Any = FakeTasks()
        step = RemoteStep(self.store, tasks, cloud, _Impatient(), lambda: self.now)
        pipeline: Any = FakePipeline(self.store, step, self.root)
        backlog = Backlog(self.store, {SERVICE})
        worker = Worker(self.store, pipeline, backlog, key_of=lambda job, _spec: job.key, clock=lambda: self.now)
        try:
            while (job := backlog.next()) is not None:
                worker._attempt(job)
                assert self.store.get(job.id).failure is None or _is_no_bug(self.store.get(job.id))
        except Killed:
            self.store.close()
            self.store = self.opened()

    @rule(claimed=st.booleans())
    def a_separate_without_the_daemon(self, claimed: bool) -> None:
        """Another process claims a job and is killed; its jobs stay interrupted."""
        if claimed:
            self.store.claim(engines={SERVICE})

    @rule(seconds=st.sampled_from([20.0, 7 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.store.requeue_due()

    @rule(number=st.integers(0, 5))
    def a_person_says_retry(self, number: int) -> None:
        for job in self.store.jobs()[number : number + 1]:
            given_up = json.loads(self.store.notes.checkpoint(job.id) or "{}").get("given_up")
            if job.state in FINAL - {State.DELIVERED}:
                self.allowed[job.sha256.partition("-")[0]] += job.state is State.NEEDS_REVIEW or bool(given_up)
                self.store.retry(job.id)

    @rule(number=st.integers(0, 5))
    def a_person_says_cancel(self, number: int) -> None:
        for job in self.store.jobs()[number : number + 1]:
            with contextlib.suppress(StembridgeError):
                self.store.cancel(job.id)

    @invariant()
    def one_order_for_each_word(self) -> None:
        assert self.service.creates <= self.allowed, (self.service.creates, self.allowed)


class _Impatient(threading.Event):
    """Never waits."""

    def wait(self, _timeout: float | None = None) -> bool:
        return False


def _is_no_bug(job: Job) -> bool:
    """Say whether a job ended with an error that is meant, not with a transition that the table forbids."""
    return job.failure is not None and job.failure.code not in ("internal", "job.not_possible")


TestStudio = Studio.TestCase
TestStudio.settings = settings(stateful_step_count=30, deadline=None, max_examples=15)
