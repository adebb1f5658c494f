"""A web server that gives out signed files and nothing else. It listens on loopback, behind a tunnel or a proxy.

Only GET and HEAD are answered; a wrong, foreign or expired URL is one and the same 404, without a body.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bridge.errors import PublisherUnavailable
from bridge.publish.names import content_type, expiry
from bridge.publish.published_files import PublishedFiles
from bridge.publish.signing import verify
from bridge.web.files import ServedFile, file_answer
from bridge.web.guard import Message, Receive, Send
from bridge.web.listening import Address, ConnectionLimits, open_socket
from bridge.web.quiet import quiet_http_logs
from bridge.web.server import WebServer

LIMITS = ConnectionLimits(open=32)
"""A cloud service fetches with one connection, or with a few for ranges."""
_TAG_LENGTH = 48


class FileServer:
    """Serves published files from a thread of its own."""

    def __init__(
        self,
        published: PublishedFiles,
        key: bytes,
        address: Address,
        now: Callable[[], float] = time.time,
        limits: ConnectionLimits = LIMITS,
    ) -> None:
        """Listen at once. Port 0 takes any free one. Raises `PublisherUnavailable` where the port is taken."""
        try:
            listening = open_socket(address)
        except OSError as error:
            raise PublisherUnavailable(
                f"The bridge cannot listen on {address.host}, port {address.port}: {error.strerror or error}.",
                advice="Choose another port for `listen` in [publish], and the same in your tunnel or proxy.",
            ) from error
        self._published, self._key, self._now = published, key, now
        self.port = int(listening.getsockname()[1])
        """The port it listens on."""
        quiet_http_logs()  # a request's line holds the URL, which is a secret
        self._server = WebServer(self._answer, limits=limits, cut_at_stop=True)
        self._thread = threading.Thread(target=self._server.serve, args=(listening,), name="publish", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests and cut what is being sent: whoever fetches goes on with a Range later."""
        self._server.stop()
        self._thread.join()

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        answer = await self._response(Request(scope, receive))
        await answer(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=501)
        name = self._signed_name(str(request.scope["path"]))
        size = await run_in_threadpool(self._published.size, name) if name else None
        if size is None:
            return Response(status_code=404)
        read = partial(self._published.read, name)
        return file_answer(request, ServedFile(size, name[:_TAG_LENGTH], content_type(name), read))

    def _signed_name(self, path: str) -> str:
        """Return the name of the file that a path gives the right to read, "" for none."""
        # What stands before the last two parts is the proxy's: it may pass its own path on to us, or cut it off.
        before, _, name = path.rpartition("/")
        expires = expiry(name)
        signature = before.rpartition("/")[2]
        if expires is None or not verify(self._key, "GET", name, expires, signature, self._now()):
            return ""
        return name
