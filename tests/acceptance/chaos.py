"""A proxy between a bridge and its service that does to each exchange what a rule says."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bridge.protocol.paths import BALANCE_PATH, CREATE_PATH, GET_PATH, HEALTH_PATH, IDEMPOTENCY_HEADER, UPLOADS_PATH

LATENCY_S = 0.7
UPSTREAM_S = 20.0


class Fault(Enum):
    """What becomes of one request and its answer."""

    NONE = auto()
    SLOW = auto()
    CUT_UNREAD = auto()
    """The connection is cut while the request still comes in."""
    CUT_BEFORE = auto()
    """The request came in and goes no further."""
    ANSWER_LOST = auto()
    """The request was forwarded, and its answer is thrown away."""
    ANSWER_CUT = auto()
    """Half of the answer arrives."""
    ANSWER_SHORT = auto()
    """Half of the answer arrives, and is said to be all of it."""
    PAGE_BEFORE = auto()
    """A proxy's own error page, and nothing was forwarded."""
    PAGE_AFTER = auto()
    """The same page, though the request was forwarded."""


class Stage(Enum):
    """Where an exchange can be held, for somebody to be killed meanwhile."""

    REQUEST = auto()
    ANSWER = auto()
    """Forwarded and answered; the answer not yet passed on."""
    HALF = auto()
    """Half of the answer is passed on."""


Rule = Callable[[str, int], Fault]
"""Given a call (see `call_of`) and how often it came, from 1."""

_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "server", "date", "content-length"})


def call_of(method: str, path: str) -> str:
    """Name what is asked for: health, balance, create, get, grant, upload, withdraw or result."""
    bare = path.partition("?")[0]
    ours = {HEALTH_PATH: "health", BALANCE_PATH: "balance", UPLOADS_PATH: "grant"}
    return {CREATE_PATH: "create", GET_PATH: "get", **ours}.get(bare) or {"PUT": "upload", "DELETE": "withdraw"}.get(
        method, "result"
    )


class Chaos:
    """The proxy. A context manager; `url` is where the bridge finds its service."""

    def __init__(self, upstream: int, *, strange: bool = False) -> None:
        """Stand before the server at this port; `strange`: hide that it is one of ours, as another's would be."""
        self.rule: Rule = lambda _call, _count: Fault.NONE
        self.upstream = upstream
        self.strange = strange
        self.counts: Counter[str] = Counter()
        self.faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()
        self._wanted: tuple[str, Stage] | None = None
        self.held, self._released = threading.Event(), threading.Event()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Chaos:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def holding(self, call: str, stage: Stage) -> Iterator[None]:
        """Hold the next such exchange there, from when `held` is set until the block ends."""
        self.held.clear()
        self._released.clear()
        self._wanted = (call, stage)
        try:
            yield
        finally:
            self._wanted = None
            self._released.set()

    def fault(self, call: str) -> Fault:
        """Decide about one exchange."""
        with self._lock:
            self.counts[call] += 1
            fault = self.rule(call, self.counts[call])
            if fault is not Fault.NONE:
                self.faults.append((call, fault))
            return fault

    def hold(self, call: str, stage: Stage) -> None:
        """Stop here if this is the exchange that is waited for."""
        with self._lock:
            wanted, self._wanted = self._wanted, None if self._wanted == (call, stage) else self._wanted
        if wanted == (call, stage):
            self.held.set()
            self._released.wait(UPSTREAM_S)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, chaos: Chaos) -> None:
        self.chaos = chaos
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # one who was killed does not say goodbye


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        chaos, call = self.server.chaos, call_of(self.command, self.path)
        fault = chaos.fault(call)
        if fault is Fault.CUT_UNREAD:
            return self._reset()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chaos.hold(call, Stage.REQUEST)
        if fault is Fault.SLOW:
            time.sleep(LATENCY_S)
        if fault is Fault.CUT_BEFORE:
            return self._reset()
        if fault is Fault.PAGE_BEFORE:
            return self._bad_gateway()
        if chaos.strange and call in ("health", "balance"):
            return self._send(404, {}, b"")
        try:
            answer = self._forward(body)
        except OSError:  # nobody is there, or no longer
            return self._bad_gateway()
        chaos.hold(call, Stage.ANSWER)
        return self._answer(call, fault, *answer)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815 (the names are the library's)

    def _answer(self, call: str, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
        if fault is Fault.ANSWER_LOST:
            return self._reset()
        if fault is Fault.PAGE_AFTER:
            return self._bad_gateway()
        if fault is Fault.ANSWER_SHORT:
            body = body[: len(body) // 2]
        return self._send(status, headers, body, call=call, cut=fault is Fault.ANSWER_CUT)

    def _bad_gateway(self) -> None:
        self._send(502, {"Content-Type": "text/html"}, _PAGE)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        chaos = self.server.chaos
        hidden = {IDEMPOTENCY_HEADER.lower()} if chaos.strange else set()
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP | hidden}
        upstream = http.client.HTTPConnection("127.0.0.1", chaos.upstream, timeout=UPSTREAM_S)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
            try:
                response = upstream.getresponse()
                answer = response.read()
            except http.client.HTTPException as error:
                raise ConnectionError("the server went away") from error
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
            return response.status, kept, answer

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, call: str = "", cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.server.chaos.hold(call, Stage.HALF)
        if cut:
            return self._reset()
        self.wfile.write(body[half:])
        return None

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        pass
