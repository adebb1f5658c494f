"""What only our own server has: health, balance, and uploads, which the documented API has no call for."""

from __future__ import annotations

import logging
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bridge import __version__
from bridge.errors import ProtocolError
from bridge.protocol.extensions import SERVICE, Health, UploadGrant, UploadRequest
from bridge.server.answers import base_of, body_of, success
from bridge.server.links import upload_name
from bridge.server.log import note
from bridge.server.refused import bad_request
from bridge.server.state import ServerState

log = logging.getLogger(__name__)


class Extensions:
    """Answers for one state."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def health(self, _request: Request) -> Response:
        """Say that this server is here, and what it can do; needs no key."""
        models = await run_in_threadpool(self._state.models)
        return success(Health(SERVICE, __version__, idempotency=True, models=models).to_wire())

    async def balance(self, request: Request) -> Response:
        """Say what may still be spent, and what running tasks hold."""
        key = self._state.authenticator.authenticate(request.headers)
        return success(self._state.reading.ledger.balance(key.number).to_wire())

    async def upload(self, request: Request) -> Response:
        """Grant an upload: a URL to PUT the bytes to, and the `inputurl` to name afterwards."""
        state = self._state
        key = state.authenticator.authenticate(request.headers)
        try:
            wanted = UploadRequest.from_wire(await body_of(request))
        except ProtocolError as error:
            raise bad_request(error.message) from error
        if not 0 < wanted.size <= state.options.limits.file_bytes:
            raise bad_request(f"An upload has 1 to {state.options.limits.file_bytes} bytes")
        name = upload_name(secrets.token_hex(16), wanted.filename)
        limits = state.options.limits
        bound = limits.uploads_at_once * limits.file_bytes
        await run_in_threadpool(state.tables.uploads.grant, name.rpartition("/")[2], key.number, wanted.size, bound)
        note(log, "upload.granted", key=key.name, size=wanted.size)
        base = base_of(request, state.options.public_url)
        grant = UploadGrant(
            state.links.put(base, name, wanted.size), state.links.get(base, name), state.links.lifetime_s
        )
        return success(grant.to_wire())
