"""The two documented calls: create a task, and ask for it."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from bridge.errors import ProtocolError
from bridge.protocol import messages
from bridge.protocol.codes import Code
from bridge.protocol.messages import CreateData, CreateRequest, GetRequest, TaskData
from bridge.protocol.paths import IDEMPOTENCY_HEADER
from bridge.separation.catalogue import models
from bridge.server.answers import base_of, body_of, success
from bridge.server.links import result_name, zip_name
from bridge.server.log import note
from bridge.server.refused import Refused, bad_request
from bridge.server.state import ServerState
from bridge.server.tables.tasks import Order, Task, TaskState

log = logging.getLogger(__name__)

_TASK_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LONGEST_URL = 8192
_LONGEST_IDEMPOTENCY = 255


class Calls:
    """Answers the calls for one state."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def create(self, request: Request) -> Response:
        """Create a task."""
        state = self._state
        key = state.authenticator.authenticate(request.headers)
        wanted = _wanted(await body_of(request))
        idempotency = request.headers.get(IDEMPOTENCY_HEADER)
        if idempotency is not None and not 0 < len(idempotency) <= _LONGEST_IDEMPOTENCY:
            raise bad_request(f"An Idempotency-Key has 1 to {_LONGEST_IDEMPOTENCY} characters")
        self._require_model(wanted.model_type)
        upload = (state.links.own_upload(wanted.inputurl) or "").rpartition("/")[2]
        task = await state.orders.take(Order(key.number, wanted, idempotency, upload))
        state.workers.wake()
        note(log, "task.created", task=task, key=key.name, model=wanted.model_type)
        return success(CreateData(task).to_wire())

    async def get(self, request: Request) -> Response:
        """Say how a task stands."""
        state = self._state
        key = state.authenticator.authenticate(request.headers)
        try:
            job_id = GetRequest.from_wire(await body_of(request)).job_id
        except ProtocolError as error:
            raise bad_request(error.message) from error
        task = state.reading.tasks.get(job_id) if _TASK_ID.fullmatch(job_id) else None
        if task is None or task.key != key.number or task.state is TaskState.EXPIRED:
            raise Refused(Code.TASK_NOT_FOUND)
        data = self._standing(task, request)
        # Extensions beside the documented fields: why it failed; for want of credit in the words of 100100.
        return success({**data.to_wire(), "error": task.error} if task.error else data.to_wire())

    def _require_model(self, model_type: int) -> None:
        """Raise `Refused` with 101006 where no engine here makes the model: before anything is reserved."""
        if not self._state.makes(model_type):
            raise Refused(Code.NOT_ENABLED, f"This server cannot make model {model_type}; `health` lists what it can")

    def _standing(self, task: Task, request: Request) -> TaskData:
        if task.state is TaskState.SUCCESS:
            links, base = self._state.links, base_of(request, self._state.options.public_url)
            return TaskData(
                messages.SUCCESS,
                video_url=task.inputurl,
                output={stem: links.get(base, result_name(task.id, stem)) for stem in task.stems},
                zip_url=links.get(base, zip_name(task.id)),
                progress=1.0,
                duration=task.duration,
            )
        if task.state is TaskState.FAILED:
            return TaskData(messages.FAILED, video_url=task.inputurl, duration=task.duration)
        # Only the three documented words: not every client knows that another one means "not yet".
        progress = round(self._state.workers.progress_of(task.id), 4)
        return TaskData(messages.WAITING, video_url=task.inputurl, progress=progress, duration=task.duration)


def _wanted(body: object) -> CreateRequest:
    try:
        wanted = CreateRequest.from_wire(body)
    except ProtocolError as error:
        raise bad_request(error.message) from error
    if wanted.model_type not in models():
        raise bad_request("There is no such model_type")
    if len(wanted.inputurl) > _LONGEST_URL or not _is_web_address(wanted.inputurl):
        raise bad_request("inputurl should be an http or https URL")
    return wanted


def _is_web_address(url: str) -> bool:
    try:
        url.encode("utf-8")
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        return False
