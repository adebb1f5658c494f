"""Reading requests and writing answers: the envelope, and the base of our links."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bridge.errors import StembridgeError
from bridge.protocol.codes import BAD_REQUEST, SERVER_ERROR, Code
from bridge.protocol.messages import Envelope
from bridge.server.refused import Refused, bad_request

log = logging.getLogger(__name__)

LARGEST_REQUEST: Final = 64 * 1024
"""Bytes of a JSON body; a presigned URL has a few thousand."""

_NO_DATA: Final[Mapping[str, object]] = {}


def success(data: Mapping[str, object]) -> Response:
    """Answer that it was done."""
    return _answer(Envelope.of(Code.SUCCESS, data))


def refused(_request: Request, error: Exception) -> Response:
    """Answer a `Refused` with its code, and HTTP 200 as the service does."""
    assert isinstance(error, Refused)
    response = _answer(Envelope(error.answer, _NO_DATA, error.message))
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return response


def no_such_call(_request: Request, error: Exception) -> Response:
    """Answer in the envelope that there is no such path (404), or not with this method (405)."""
    assert isinstance(error, HTTPException)
    return _answer(Envelope(BAD_REQUEST, _NO_DATA, error.detail), error.status_code, error.headers)


def broken(_request: Request, error: Exception) -> Response:
    """Answer that this server is in trouble: asking again later may help. The reason is the administrator's."""
    if isinstance(error, StembridgeError):
        log.error("%s %s", error, error.advice)
    return _answer(Envelope(SERVER_ERROR, _NO_DATA, "The server is in trouble; try again later"), 503)


async def body_of(request: Request) -> object:
    """Return the parsed JSON body. Raises `Refused` with 100400 for one that is too large or none."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_REQUEST:
                raise bad_request("The request is too large")
    except ClientDisconnect as error:
        raise bad_request("The request was cut off") from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_request("The request is not JSON") from error


def base_of(request: Request, public_url: str) -> str:
    """Return how this server is reached by whoever asks."""
    return public_url or str(request.base_url)


def _answer(envelope: Envelope, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # ASCII only: a message may repeat half a surrogate pair that somebody sent.
    content = json.dumps(envelope.to_wire(), separators=(",", ":"))
    return Response(content, status, headers, media_type="application/json")
