"""A separation service that answers what a test tells it, and a bridge in this process that uses it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import soundfile

from bridge.compute.executor import LocalExecutor
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job, stems_key
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.kept import KeptStems
from bridge.pipeline.remote import Cloud, CloudOptions
from bridge.pipeline.steps import Pipeline
from bridge.pipeline.worker import Worker
from bridge.protocol.paths import CREATE_PATH, GET_PATH
from bridge.publish.publisher import Published, Publisher
from bridge.separation.api.client import ApiClient
from bridge.separation.api.endpoint import Endpoint
from bridge.separation.api.engine import ApiEngine
from bridge.separation.api.wire import Wire
from bridge.separation.catalogue import model
from bridge.separation.registry import LOCAL, SERVICE, engine
from bridge.units import Progress, no_progress

RATE = 44_100
KEY = "sk-e1d2-not-for-anybody"


@dataclass
class StandIn:
    """An HTTP server that answers each documented call with an envelope of `codes`, and remembers the calls."""

    url: str
    codes: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)


@contextlib.contextmanager
def stand_in() -> Iterator[StandIn]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = {CREATE_PATH: "create", GET_PATH: "get"}.get(self.path, "other")
            made.calls.append(call)
            data = {"job_id": "0" * 32} if call == "create" else {"status": "waiting"}
            code = made.codes.get(call, 100000)
            body = json.dumps({"code": code, "data": data, "message": f"said of {call}"}).encode()
            self.send_response(404 if call == "other" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 (the name is the library's)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = StandIn(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Shelf:
    """A publisher whose files nobody fetches."""

    name: str = "shelf"
    out: list[str] = field(default_factory=list)
    published: int = 0

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        assert path.is_file()
        self.published += 1
        self.out.append(f"{self.published}-{name}")
        return Published(f"https://example.org/{self.out[-1]}", self.out[-1])

    def withdraw(self, handle: str) -> None:
        if handle in self.out:
            self.out.remove(handle)


class Bridge:
    """A job store, a worker for the local engines and one for the service. Closed, it can be started again."""

    def __init__(
        self,
        root: Path,
        url: str,
        *,
        key: str = KEY,
        publisher: Publisher | None = None,
        at_once: int = 1,
        monthly_minutes: int | None = None,
    ) -> None:
        """Work on so many jobs for the service at once; without a `publisher` the bounces go onto the `shelf`."""
        self.root = root
        self.state = StateFolder(root / "state")
        self.state.make()
        self.output = root / "out"
        self.output.mkdir()
        self.shelf = Shelf()
        self.store = JobStore(self.state.database, key_of=lambda arrival: _key(arrival.sha256, arrival.spec))
        self.wire = Wire(Endpoint(url, key))
        self.client = ApiClient(self.wire)
        self.executor = LocalExecutor()
        self.service = Cloud(
            ApiEngine(self.client), lambda: publisher or self.shelf, CloudOptions(monthly_minutes=monthly_minutes)
        )
        self.at_once = at_once
        self.workers: list[Worker] = []

    def start(self) -> None:
        local, remote = Backlog(self.store, LOCAL), Backlog(self.store, {SERVICE})
        self.workers = [self._worker(backlog) for backlog in (local, *[remote] * self.at_once)]
        self.store.subscribe(self._hear)
        for worker in self.workers:
            worker.start()

    def _worker(self, backlog: Backlog) -> Worker:
        kept = KeptStems(self.state.stems, 10**9)
        pipeline = Pipeline(self.store, self.state, kept, self.executor, service=self.service)
        return Worker(self.store, pipeline, backlog, key_of=lambda job, spec: _key(job.sha256, spec))

    def _hear(self, _job: Job) -> None:
        for worker in self.workers:
            worker.wake()

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def close(self) -> None:
        self.stop()
        self.executor.shutdown(cancel_futures=True)
        self.wire.close()
        self.store.close()

    def bounce(self, name: str = "mix.wav", seconds: float = 0.3, audio: str = "", **spec: object) -> Job:
        """Take in a bounce for the service; names with the same `audio`, by default the name, hold the same samples."""
        path = self.root / name
        seed = zlib.crc32((audio or name).encode())
        noise = np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2)) * 0.1
        soundfile.write(path, noise, RATE, subtype="PCM_24")
        wanted = JobSpec(self.output, engine=SERVICE, **spec)  # type: ignore[arg-type]  # as they are named there
        job_id = ingest_now(Named(path), wanted, "cli", self.store, self.state.spool).job
        assert job_id is not None
        return self.store.get(job_id)

    def wait(self, job: Job, until: Callable[[Job], bool] = lambda job: job.state in FINAL) -> Job:
        deadline = time.monotonic() + 60
        while not until(job := self.store.get(job.id)):
            assert time.monotonic() < deadline, f"still {job.state}: {job.step}"
            time.sleep(0.01)
        return job


def _key(sha256: str, spec: JobSpec) -> str:
    return stems_key(sha256, engine(spec.engine).made_by(model(spec.model)))
