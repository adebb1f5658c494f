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
from bridge.server.state import Site

log = logging.getLogger(__name__)


class Ours:
    """Answers for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def health(self, _request: Request) -> Response:
        """Say that this server is here, and what it can do; needs no key."""
        return success(Health(SERVICE, __version__, idempotency=True).to_wire())

    async def balance(self, request: Request) -> Response:
        """Say what may still be spent, and what running tasks hold."""
        key = self._site.gate.admit(request.headers)
        return success(self._site.reading.ledger.balance(key.number).to_wire())

    async def upload(self, request: Request) -> Response:
        """Grant an upload: a URL to PUT the bytes to, and the `inputurl` to name afterwards."""
        site = self._site
        key = site.gate.admit(request.headers)
        try:
            wanted = UploadRequest.from_wire(await body_of(request))
        except ProtocolError as error:
            raise bad_request(error.message) from error
        if not 0 < wanted.size <= site.options.limits.file_bytes:
            raise bad_request(f"An upload has 1 to {site.options.limits.file_bytes} bytes")
        name = upload_name(secrets.token_hex(16), wanted.filename)
        await run_in_threadpool(site.books.uploads.grant, name.rpartition("/")[2], key.number)
        note(log, "upload.granted", key=key.name, size=wanted.size)
        base = base_of(request, site.options.public_url)
        grant = UploadGrant(site.links.put(base, name, wanted.size), site.links.get(base, name), site.links.lifetime_s)
        return success(grant.to_wire())
