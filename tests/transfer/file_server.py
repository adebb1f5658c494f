"""A real web server with Range, that can be told to misbehave."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CONTENT = bytes(range(256)) * 4096


@dataclass
class FileServer:
    """A web server that serves one file, and can be told to misbehave."""

    content: bytes = CONTENT
    etag: str = '"1"'
    ranges: bool = True
    cut: int | None = None
    """Close the connection after so many bytes of the body."""
    status: int = 0
    """Answer with this instead of the file."""
    extra: dict[str, str] = field(default_factory=dict)
    """Headers that replace those of the same name."""
    asked: list[str] = field(default_factory=list)
    """The Range header of each request, "" where there was none."""
    url: str = ""

    def handler(server) -> type[http.server.BaseHTTPRequestHandler]:  # noqa: N805 (self is the handler's)
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                server.asked.append(wanted)
                match = re.fullmatch(r"bytes=(\d+)-", wanted)
                start = int(match[1]) if match and server.ranges and self.headers["If-Range"] == server.etag else 0
                body, size = server.content[start:], len(server.content)
                headers = {"Content-Length": str(len(body)), "ETag": server.etag}
                status = server.status or 200
                if start and not server.status:
                    status = 206
                    headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
                self.send_response(status)
                for name, value in {**headers, **server.extra}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: server.cut])

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def serving(state: FileServer) -> Iterator[FileServer]:
    """Run the server on a free port during the block."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), state.handler()) as listening:
        state.url = f"http://127.0.0.1:{listening.server_port}/weights"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield state
        listening.shutdown()
        thread.join()
