"""Services to talk to: one that answers what it is told, and one that breaks connections wherever it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bridge.errors import StepCancelled
from bridge.separation.api.client import ApiClient
from bridge.separation.api.endpoint import Endpoint, Timeouts
from bridge.separation.api.wire import Wire
from tests.ports import free_port

KEY = "sk-7f3e9a-not-for-anybody"

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def parsed(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.body)
        return value


@dataclass
class Service:
    """A real HTTP server on loopback; `answer` decides, `calls` remembers."""

    url: str
    answer: Callable[[Call], Reply] = lambda call: (404, {}, b"")
    calls: list[Call] = field(default_factory=list)

    def always(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else body.encode()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda call: (status, fields, content)


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            made.calls.append(call)
            status, headers, content = made.answer(call)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 (the name is the library's)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes away in the middle is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Service(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Peer:
    """A bare socket; for each connection `script` is given it, and whatever it leaves is closed."""

    url: str
    script: Callable[[socket.socket], None] = lambda connection: None
    connections: int = 0


@pytest.fixture
def peer() -> Iterator[Peer]:
    listening = socket.create_server(("127.0.0.1", 0))
    made = Peer(f"http://127.0.0.1:{listening.getsockname()[1]}")

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(5)
                if stopping.is_set():
                    return
                made.connections += 1
                # The client may go first.
                with contextlib.suppress(OSError):
                    made.script(connection)

    stopping = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    yield made
    stopping.set()
    socket.create_connection(listening.getsockname()).close()
    thread.join()
    listening.close()


Connect = Callable[..., ApiClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a function from a URL to a client; `timeouts` is for tests whose peer leaves it waiting."""
    wires = []

    def make(url: str, *, key: str = KEY, ca: Path | None = None, proxy: str = "", **timeouts: float) -> ApiClient:
        wires.append(Wire(Endpoint(url, key, proxy, ca, Timeouts(**timeouts))))
        return ApiClient(wires[-1], clock=lambda: 0.0)

    yield make
    for wire in wires:
        wire.close()


@pytest.fixture
def nobody() -> str:
    """Return the URL of a port where nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


class Onlooker:
    """A `Watch` that never sleeps: it counts the time that would have passed."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.notices: list[str] = []
        self.steps: list[str] = []
        self.cancelled = False
        self.on_wait: Callable[[float], None] = lambda seconds: None

    @property
    def now(self) -> float:
        return sum(self.waited)

    def progress(self, step: str, fraction: float) -> None:
        assert 0 <= fraction <= 1
        if not self.steps or self.steps[-1] != step:
            self.steps.append(step)

    def notice(self, sentence: str) -> None:
        self.notices.append(sentence)

    def check(self) -> None:
        if self.cancelled:
            raise StepCancelled("cancelled")

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waited.append(seconds)
        self.on_wait(seconds)
        self.check()


@pytest.fixture
def watch() -> Onlooker:
    return Onlooker()
