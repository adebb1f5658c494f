"""Files in and out: a PUT of an upload; a GET of an upload, a stem or a zip, each by a signed link, with Range."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from bridge.server.links import RESULT_NAME, RESULTS, UPLOAD_NAME, UPLOADS, ZIP_NAME, result_name
from bridge.server.refused import Refused
from bridge.server.state import ServerState
from bridge.server.storage.storage import PIECE_BYTES, Incoming
from bridge.server.tables.tasks import TaskState
from bridge.server.zips import streamed
from bridge.web.files import ServedFile, file_answer


class Files:
    """Answers for one state. Links are the permission; only a DELETE asks for the key, and the key's own upload."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def put_upload(self, request: Request, name: str) -> Response:
        """Take the bytes of an upload, as many as were granted. May be repeated: the last whole one counts."""
        stored = f"{UPLOADS}/{name}"
        size = self._state.links.may_put(stored, request.query_params) if UPLOAD_NAME.fullmatch(name) else None
        if size is None:
            return _plain(403, "This link is not valid, or not any more.")
        if self._state.reading.uploads.owner(name) is None:
            return _plain(404, "This upload was withdrawn.")
        if request.headers.get("Content-Length", str(size)) != str(size):
            return _plain(400, f"This link is for exactly {size} bytes.")
        incoming = await run_in_threadpool(self._state.storage.receive, stored)
        try:
            whole = await _receive(request, incoming, size)
            if whole and not await run_in_threadpool(self._state.uploads.keep, name, incoming):
                return _plain(404, "This upload was withdrawn.")
        finally:
            incoming.abort()
        return _plain(201, "Thank you.") if whole else _plain(400, f"This link is for exactly {size} bytes.")

    async def delete_upload(self, request: Request, name: str) -> Response:
        """Take an upload back."""
        try:
            key = self._state.authenticator.authenticate(request.headers)
        except Refused as error:
            return _plain(429 if error.retry_after_s else 403, error.message)
        if not UPLOAD_NAME.fullmatch(name) or self._state.reading.uploads.owner(name) != key.number:
            return _plain(404, "There is no such upload.")
        await run_in_threadpool(self._state.uploads.remove, name)
        return Response(status_code=204)

    async def get_upload(self, request: Request, name: str) -> Response:
        """Give an upload."""
        return await self._give(request, f"{UPLOADS}/{name}", known=bool(UPLOAD_NAME.fullmatch(name)))

    async def get_stem(self, request: Request, task: str, file: str) -> Response:
        """Give a stem."""
        return await self._give(
            request, f"{RESULTS}/{task}/{file}", known=bool(RESULT_NAME.fullmatch(f"{task}/{file}"))
        )

    async def get_zip(self, request: Request, file: str) -> Response:
        """Give all stems of a task in a zip, made while it is sent."""
        stored = f"{RESULTS}/{file}"
        if not ZIP_NAME.fullmatch(file) or not self._state.links.may_get(stored, request.query_params):
            return _plain(403, "This link is not valid, or not any more.")
        task = self._state.reading.tasks.get(file.removesuffix(".zip"))
        if task is None or task.state is not TaskState.SUCCESS:
            return _plain(404, "These stems are not here any more.")
        headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="stems.zip"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/zip")
        content = streamed((f"{stem}.wav", self._whole(result_name(task.id, stem))) for stem in task.stems)
        return StreamingResponse(content, headers=headers, media_type="application/zip")

    def _whole(self, stored: str) -> Iterator[bytes]:
        return self._state.storage.read(stored, 0, self._state.storage.size(stored) or 0)

    async def _give(self, request: Request, stored: str, *, known: bool) -> Response:
        if not known or not self._state.links.may_get(stored, request.query_params):
            return _plain(403, "This link is not valid, or not any more.")
        size = await run_in_threadpool(self._state.storage.size, stored)
        if size is None:
            return _plain(404, "This file is not here any more.")
        tag = hashlib.sha256(f"{stored} {size}".encode()).hexdigest()[:32]
        media_type = "audio/wav" if stored.endswith(".wav") else "application/octet-stream"
        return file_answer(request, ServedFile(size, tag, media_type, partial(self._state.storage.read, stored)))


async def _receive(request: Request, incoming: Incoming, size: int) -> bool:
    """Write the request's body and say whether it had exactly `size` bytes; stops at the first one too many."""
    waiting: list[bytes] = []
    held = done = 0
    try:
        async for piece in request.stream():
            waiting.append(piece)
            held, done = held + len(piece), done + len(piece)
            if done > size:
                return False
            if held >= PIECE_BYTES:
                await run_in_threadpool(incoming.write, b"".join(waiting))
                waiting, held = [], 0
    except ClientDisconnect:
        return False
    await run_in_threadpool(incoming.write, b"".join(waiting))
    return done == size


def _plain(status: int, text: str) -> Response:
    return Response(text, status, media_type="text/plain")
