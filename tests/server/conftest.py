from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from bridge.protocol.paths import CREATE_PATH, GET_PATH
from bridge.separation.catalogue import Model
from bridge.separation.separator import SeparationRequest
from bridge.server.app import build_app
from bridge.server.listen import open_socket, web_server
from bridge.server.options import Engines, ServerOptions
from bridge.server.state import Outside, ServerState
from bridge.units import Progress

RATE = 44_100


class EqualShares:
    """An engine for every model: each stem is an equal share of the mix."""

    name = "equal"
    label = "equal shares"
    revision = "1"

    def check(self, model: Model) -> None:
        pass

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        samples, rate = soundfile.read(request.mix, dtype="float32", always_2d=True)
        paths = {name: request.folder / f"{name}.wav" for name in request.model.delivered}
        for count, path in enumerate(paths.values(), 1):
            soundfile.write(path, samples / len(paths), rate, subtype="FLOAT")
            progress(count / len(paths))
        return paths


@dataclass
class Serving:
    """A server that listens, and somebody with a key who asks it."""

    state: ServerState
    base: str
    key: str
    http: httpx.Client

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.http.post(path, json=body, headers={"api-key": self.key, **headers}).json()

    def create(self, url: str, model: int = 501, **headers: str) -> Any:
        return self.post(CREATE_PATH, {"model_type": model, "inputurl": url}, **headers)

    def get(self, job_id: str) -> Any:
        return self.post(GET_PATH, {"job_id": job_id})

    def wait(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            data: dict[str, Any] = self.get(job_id)["data"]
            if data["status"] != "waiting":
                return data
            time.sleep(0.02)
        raise AssertionError(f"task {job_id} did not end")

    def upload(self, content: bytes, filename: str = "mix.wav") -> str:
        grant = self.post("/stembridge/v1/uploads", {"filename": filename, "size": len(content)})["data"]
        assert self.http.put(grant["put_url"], content=content).status_code == 201
        return str(grant["inputurl"])

    def balance(self) -> tuple[int, int]:
        data = self.http.get("/stembridge/v1/balance", headers={"api-key": self.key}).json()["data"]
        return data["available"], data["reserved"]


def only_addresses(host: str, port: int) -> list[str]:
    """Resolve no names: no test asks a name server, or reaches anything but this machine."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(entry[4][0]) for entry in found]


Serve = Callable[..., Serving]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers; each has a key "anna" with 100 minutes."""
    with ExitStack() as stack:

        def start(*, engines: Engines | None = None, minutes: int = 100, **changes: Any) -> Serving:
            executor = changes.pop("executor", None) or stack.enter_context(ThreadPoolExecutor(4))
            values = {"storage": tmp_path / "server", "port": 0, **changes}
            values.setdefault("resolve", only_addresses)
            outside_values = {name: values.pop(name) for name in ("resolve", "clock", "monotonic") if name in values}
            options = ServerOptions(**values)
            chosen = engines or Engines(choose=lambda _model: "equal", load=lambda _name: EqualShares())
            state = stack.enter_context(ServerState(options, Outside(executor, chosen, **outside_values)))
            listening = stack.enter_context(open_socket(options))
            listener = web_server(build_app(state), options)
            thread = threading.Thread(target=listener.serve, args=(listening,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(listener.stop)
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            client = stack.enter_context(httpx.Client(base_url=base, timeout=60))
            key = state.tables.keys.create("anna")
            if minutes:
                state.tables.keys.credit("anna", minutes)
            return Serving(state, base, key, client)

        yield start


@pytest.fixture
def one_second(tmp_path: Path) -> bytes:
    """A second of noise with a bass note, as a WAV."""
    path = tmp_path / "one second.wav"
    time_s = np.arange(RATE) / RATE
    noise = np.random.default_rng(5).standard_normal((RATE, 2)) * 0.1
    soundfile.write(path, noise + 0.3 * np.sin(2 * np.pi * 80 * time_s)[:, None], RATE, subtype="PCM_16")
    return path.read_bytes()


@dataclass
class Web:
    """A web server that answers what a test tells it, and remembers who asked."""

    host: str
    port: int
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def url(self, path: str, host: str = "") -> str:
        return f"http://{host or self.host}:{self.port}{path}"


@pytest.fixture
def web() -> Iterator[Callable[..., Web]]:
    """Start web servers on loopback addresses."""
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", port: int = 0) -> Web:
            here = Web(host, 0)

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    here.asked.append((self.headers["Host"], self.path))
                    status, headers, body = here.pages.get(self.path, (404, {}, b""))
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, format: str, *args: object) -> None:
                    pass

            class Server(ThreadingHTTPServer):
                address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
                daemon_threads = True

            server = Server((host, port), Handler)
            here.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return here

        yield start
