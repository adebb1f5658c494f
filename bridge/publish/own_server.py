"""Publishing through a Stembridge server's own uploads: the server that separates also keeps the bounce meanwhile."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from bridge.errors import ProtocolError, PublishDenied, PublishError, PublishFailed
from bridge.protocol.codes import SERVER_ERROR, TRY_AGAIN
from bridge.protocol.extensions import UploadGrant, UploadRequest
from bridge.protocol.messages import Envelope
from bridge.protocol.paths import KEY_HEADER, UPLOADS_PATH
from bridge.protocol.refusals import refusal as refusal_of_service
from bridge.publish.http import HttpOptions, open_client, refusal, translated
from bridge.publish.publisher import Published
from bridge.publish.reading import size_of
from bridge.publish.sending import PAUSES_S, Sender, persist
from bridge.units import Progress, no_progress

NAME = "own_server"
_ADVICE = "Check [api] base_url and key, and the server's log; or publish another way: `method` in [publish]."
_ASKING = "Asking the server where to upload"
_HANDLE = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{1,5})?", re.ASCII)
_PASSING = frozenset({TRY_AGAIN, SERVER_ERROR})
"""A server in trouble may be asked again: an upload costs nothing."""


@dataclass(frozen=True, slots=True)
class OwnServer:
    """The server behind `[api] base_url`, where that is a Stembridge server."""

    base_url: str
    api_key: str = field(repr=False)
    http: HttpOptions = field(default_factory=HttpOptions)
    pauses_s: tuple[float, ...] = PAUSES_S
    sleep: Callable[[float], None] = time.sleep
    name: str = NAME

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:  # noqa: ARG002 -- the server decides how long
        """Ask for a place and upload there. How long it holds is the server's decision.

        Raises `RefusedByCloud` besides what the seam says, where the server answers with one of its codes.
        """
        request = UploadRequest(name, size_of(path))
        with open_client(self.http) as client:
            grant = persist(lambda: self._ask(client, request), self.pauses_s, self.sleep)
            handle = urlsplit(grant.put_url).path.rpartition("/")[2]
            try:
                # The signed address is the permission: the key goes to nobody but the server itself.
                Sender(client, self.pauses_s, self.sleep, advice=_ADVICE).put(grant.put_url, path, progress)
            except BaseException:
                with contextlib.suppress(PublishError):
                    self._delete(client, handle, ())
                raise
        return Published(grant.inputurl, handle)

    def withdraw(self, handle: str) -> None:
        """Delete the upload."""
        with open_client(self.http) as client:
            self._delete(client, handle, self.pauses_s)

    def _ask(self, client: httpx.Client, request: UploadRequest) -> UploadGrant:
        url = self.base_url + UPLOADS_PATH
        with translated(_ASKING, url):
            response = client.post(url, json=request.to_wire(), headers={KEY_HEADER: self.api_key})
        try:
            envelope = Envelope.from_wire(response.json())
        except (ProtocolError, ValueError) as error:
            if not response.is_success:
                raise refusal(response, _ASKING, _ADVICE) from error
            raise PublishDenied(f"{_ASKING}: this is no Stembridge server.", advice=_ADVICE) from error
        if not envelope.success:
            refused = refusal_of_service(envelope)
            if envelope.code in _PASSING:
                raise PublishFailed(f"{_ASKING}: {refused}") from refused
            raise refused
        try:
            return UploadGrant.from_wire(envelope.data)
        except ProtocolError as error:
            raise PublishFailed(f"{_ASKING}: {error}") from error

    def _delete(self, client: httpx.Client, handle: str, pauses_s: tuple[float, ...]) -> None:
        if not _HANDLE.fullmatch(handle):
            raise PublishDenied(f"Not deleting {handle!r}: it is not the name of an upload.", advice=_ADVICE)
        headers = {KEY_HEADER: self.api_key}
        url = f"{self.base_url}{UPLOADS_PATH}/{quote(handle, safe='')}"
        Sender(client, pauses_s, self.sleep, headers, _ADVICE).delete(url)
