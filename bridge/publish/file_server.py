"""A web server that gives out signed files and nothing else. It stands on loopback, behind a tunnel or a proxy.

Every connection carries one request; only GET and HEAD; a wrong, foreign or ended URL is one and the same 404.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO

from bridge.errors import PublisherUnavailable
from bridge.publish.names import content_type, expiry
from bridge.publish.published_files import PublishedFiles
from bridge.publish.signing import verify
from bridge.web import ranges

_CONNECTIONS = 32
"""More than that at once are turned away: a service fetches with one, or with a few ranges."""
_SILENCE_S = 30.0
_log = logging.getLogger(__name__)


class FileServer:
    """Serves a published from threads of its own."""

    def __init__(
        self, published: PublishedFiles, key: bytes, address: tuple[str, int], now: Callable[[], float] = time.time
    ) -> None:
        """Listen at once. Port 0 takes any free one. Raises `PublisherUnavailable` where the port is taken."""
        try:
            self._server = _Server(address, _Handler)
        except OSError as error:
            raise PublisherUnavailable(
                f"The bridge cannot listen on {address[0]}, port {address[1]}: {error.strerror or error}.",
                advice="Choose another port for `listen` in [publish], and the same in your tunnel or proxy.",
            ) from error
        self._server.published, self._server.key, self._server.now = published, key, now
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="publish", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Take no more requests and cut what is being sent: whoever fetches goes on with a Range later."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 2 * _CONNECTIONS
    allow_reuse_address = os.name != "nt"  # where it means something else: two programs on one port
    published: PublishedFiles
    key: bytes
    now: Callable[[], float]

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self._free.release()

    def server_close(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        _log.debug("a fetch of a published bounce ended early", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        name = self._signed_name()
        file = self.server.published.open(name) if name else None
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file:
            self._send(name, file)

    def _signed_name(self) -> str:
        # What stands before the last two parts is the proxy's: it may hand us its own path, or cut it off.
        _, _, tail = self.path.rpartition("/")
        signature = self.path[: -len(tail) - 1].rpartition("/")[2] if tail else ""
        ends = expiry(tail)
        if ends is None or not verify(self.server.key, "GET", tail, ends, signature, self.server.now()):
            return ""
        return tail

    def _send(self, name: str, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        tag = f'"{name[:48]}"'
        try:
            # Another tag in If-Range would be that of another file: then all of it (RFC 9110, 13.1.5).
            asked = self.headers.get("Range", "") if self.headers.get("If-Range", tag) == tag else ""
            part = ranges.wanted(asked, size)
        except ranges.Unsatisfiable:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self._end({"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        begin, count = part or (0, size)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK)
        headers = {"Content-Length": str(count), "Content-Type": content_type(name), "ETag": tag}
        if part:
            headers["Content-Range"] = f"bytes {begin}-{begin + count - 1}/{size}"
        self._end(headers | {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"})
        if self.command == "GET" and count:
            self.connection.sendfile(file, begin, count)

    def _end(self, headers: dict[str, str]) -> None:
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Connection", "close")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.close_connection = True

    def send_error(self, code: int, *_words: str | None, **_named: str | None) -> None:
        self.send_response(code)
        self._end({"Content-Length": "0"})

    def version_string(self) -> str:
        return "stembridge"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request's line holds the URL, which is a secret."""
