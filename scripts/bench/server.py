"""Measure the server's own calls, create and get, beside a bare FastAPI handler that does nothing.

    python scripts/bench/server.py

Both servers run in a process of their own, on one core each time; whoever asks runs on another, over CONNECTIONS
connections that are kept open. Every create is a durable commit on the disk that holds the temporary folder (TMPDIR).
No worker runs: what is measured is the server, not an engine.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from bridge.protocol.paths import CREATE_PATH, GET_PATH

ROUNDS = 3
SECONDS = 5.0
CONNECTIONS = 32
TARGET = 0.5
ORDER = json.dumps({"model_type": 501, "inputurl": "https://example.com/mix.flac"}).encode()


def pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def bare_app() -> Any:
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Create(BaseModel):
        model_type: int
        inputurl: str

    class Get(BaseModel):
        job_id: str

    app = FastAPI()

    async def create_task(body: Any) -> dict[str, object]:
        return {"code": 100000, "data": {"job_id": f"{body.model_type:032}"}, "message": "Request Success"}

    async def get_task(body: Any) -> dict[str, object]:
        data = {"status": "waiting", "file_type": "audio", "video_url": body.job_id, "output": {}, "zip_url": ""}
        return {"code": 100000, "data": data, "message": "Request Success"}

    # Set here, since FastAPI would look such names up in the module, and these are local.
    create_task.__annotations__["body"] = Create
    get_task.__annotations__["body"] = Get
    app.post(CREATE_PATH)(create_task)
    app.post(GET_PATH)(get_task)
    return app


def child(kind: str, home: Path) -> None:
    """Be one of the two servers; say the port and a key."""
    pin(0)
    from bridge.server.app import build_app
    from bridge.server.listen import open_socket, web_server
    from bridge.server.log import log_to
    from bridge.server.options import Limits, ServerOptions
    from bridge.server.state import Outside, ServerState

    options = ServerOptions(home, port=0, workers=0, limits=Limits(calls_per_minute=0, tasks_at_once=0))
    with open_socket(options) as listening, ThreadPoolExecutor() as executor, (home / "log").open("w") as log:
        port = listening.getsockname()[1]
        if kind == "bare":
            print(port, "none", flush=True)
            web_server(bare_app(), options).serve(listening)
            return
        log_to(log)
        with ServerState(options, Outside(executor)) as state:
            key = state.tables.keys.create("bench")
            state.tables.keys.credit("bench", 10**8)
            print(port, key, flush=True)
            web_server(build_app(state), options).serve(listening)


@dataclass
class Figures:
    create: list[float]
    get: list[float]
    rate: float
    busy_us: float = 0.0
    """Processor time of the server for each request: on a busy machine the steadier figure."""


class Asker(asyncio.Protocol):
    """One connection: an order, then a look at it, and again, as fast as answers come."""

    def __init__(self, key: str, until: float, figures: Figures, done: asyncio.Future[None]) -> None:
        self._head = f"HTTP/1.1\r\nHost: x\r\napi-key: {key}\r\nContent-Type: application/json\r\nContent-Length: "
        self._until, self._figures, self._done = until, figures, done
        self._buffer = b""
        self._creating = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask(CREATE_PATH, ORDER)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]):
            return
        self._buffer = b""
        now = time.perf_counter()
        answer = json.loads(body)
        assert answer["code"] == 100000, answer
        (self._figures.create if self._creating else self._figures.get).append(now - self._asked)
        if now > self._until:
            self._transport.close()
            self._done.set_result(None)
        elif self._creating:
            self._creating = False
            self._ask(GET_PATH, json.dumps({"job_id": answer["data"]["job_id"]}).encode())
        else:
            self._creating = True
            self._ask(CREATE_PATH, ORDER)

    def _ask(self, path: str, body: bytes) -> None:
        self._asked = time.perf_counter()
        self._transport.write(f"POST {path} {self._head}{len(body)}\r\n\r\n".encode() + body)


async def load(port: int, key: str, seconds: float) -> Figures:
    loop = asyncio.get_running_loop()
    figures = Figures([], [], 0.0)
    begun = time.perf_counter()
    ends = []
    for _ in range(CONNECTIONS):
        done = loop.create_future()
        ends.append(done)
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.create_connection(partial(Asker, key, begun + seconds, figures, done), sock=line)
    await asyncio.gather(*ends)
    figures.rate = (len(figures.create) + len(figures.get)) / (time.perf_counter() - begun)
    return figures


def measure(kind: str) -> Figures:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, __file__, kind, home]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            port, key = process.stdout.readline().split()
            asyncio.run(load(int(port), key, 1.0))  # warm
            watched = psutil.Process(process.pid)
            before = watched.cpu_times()
            figures = asyncio.run(load(int(port), key, SECONDS))
            after = watched.cpu_times()
            busy_s = after.user + after.system - before.user - before.system
            figures.busy_us = busy_s * 1e6 / (len(figures.create) + len(figures.get))
            return figures
        finally:
            process.kill()
            process.communicate()


def milliseconds(times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return f"p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms"


def main() -> None:
    pin(1)
    ratios = []
    for number in range(ROUNDS):
        rates = {}
        for kind in ("bare", "ours") if number % 2 == 0 else ("ours", "bare"):
            figures = measure(kind)
            rates[kind] = figures.rate
            print(f"{kind}: {figures.rate:6.0f} requests/s, {figures.busy_us:.0f} us of processor each", end="; ")
            print(f"create {milliseconds(figures.create)}; get {milliseconds(figures.get)}")
        ratios.append(rates["ours"] / rates["bare"])
    print(f"ours / bare: {statistics.median(ratios):.2f} (median of {ROUNDS}; target {TARGET})")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
