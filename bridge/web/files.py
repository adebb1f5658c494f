"""Answering with a file, or with the part of it that a Range header asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bridge.web.ranges import Unsatisfiable, wanted


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file to give: its bytes, its entity tag without quotes, its media type, and how it is read."""

    size: int
    tag: str
    media_type: str
    read: Callable[[int, int], Iterator[bytes]]
    """Yields so many bytes from a place on: `read(start, count)`. Called in a worker thread."""


def file_answer(request: Request, file: ServedFile) -> Response:
    """Answer a GET or HEAD with 200, 206 or 416. Nobody on the way may keep a copy."""
    tag = f'"{file.tag}"'
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store", "ETag": tag}
    try:
        # Another tag in If-Range is that of another file: then all of it (RFC 9110, 13.1.5).
        asked = request.headers.get("Range", "") if request.headers.get("If-Range", tag) == tag else ""
        part = wanted(asked, file.size)
    except Unsatisfiable:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
    begin, count = part or (0, file.size)
    headers["Content-Length"] = str(count)
    if part:
        headers["Content-Range"] = f"bytes {begin}-{begin + count - 1}/{file.size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    return StreamingResponse(file.read(begin, count), status, headers, file.media_type)
