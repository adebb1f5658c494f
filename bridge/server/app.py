"""The web application: which path leads to which handler, and what becomes of an error."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bridge import __version__
from bridge.errors import StembridgeError
from bridge.protocol.paths import (
    BALANCE_PATH,
    CREATE_PATH,
    GET_PATH,
    HEALTH_PATH,
    KEY_HEADER,
    KEY_HEADER_ALIAS,
    OURS,
    UPLOADS_PATH,
)
from bridge.server import answers, schema
from bridge.server.calls import Calls
from bridge.server.extensions import Extensions
from bridge.server.files import Files
from bridge.server.links import RESULTS
from bridge.server.page import POLICY, page
from bridge.server.refused import Refused
from bridge.server.schema import Schema
from bridge.server.state import ServerState

_DESCRIPTION = "The AudioSeparation API, served by Stembridge. Every JSON answer is an envelope with a code."


def build_app(state: ServerState) -> FastAPI:
    """Return the application that serves a started state."""
    app = FastAPI(
        title="Stembridge server",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{OURS}openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    _add_calls(app, state)
    _add_files(app, state)
    _add_page(app)
    app.add_exception_handler(Refused, answers.refused)
    app.add_exception_handler(HTTPException, answers.no_such_call)
    app.add_exception_handler(StembridgeError, answers.broken)
    app.add_exception_handler(Exception, answers.broken)
    return app


def _add_calls(app: FastAPI, state: ServerState) -> None:
    calls, ours = Calls(state), Extensions(state)
    for path, handler, method, described in (
        (CREATE_PATH, calls.create, "POST", schema.CREATE),
        (GET_PATH, calls.get, "POST", schema.GET),
        (HEALTH_PATH, ours.health, "GET", schema.HEALTH),
        (BALANCE_PATH, ours.balance, "GET", schema.BALANCE),
        (UPLOADS_PATH, ours.upload, "POST", schema.UPLOAD),
    ):
        _add(app, path, handler, method, described)


def _add(app: FastAPI, path: str, handler: Callable[..., Any], method: str, described: Schema) -> None:
    summary = inspect.cleandoc(handler.__doc__ or "").partition("\n")[0].rstrip(".")
    app.add_api_route(path, handler, methods=[method], summary=summary, openapi_extra=described, response_model=None)


def _add_files(app: FastAPI, state: ServerState) -> None:
    files = Files(state)
    upload = f"{UPLOADS_PATH}/{{name}}"
    for path, handler, method, described in (
        (upload, files.put_upload, "PUT", schema.PUT_FILE),
        (upload, files.delete_upload, "DELETE", schema.DELETE_FILE),
        (upload, files.get_upload, "GET", schema.GET_FILE),
        (f"{OURS}{RESULTS}/{{file}}", files.get_zip, "GET", schema.GET_FILE),
        (f"{OURS}{RESULTS}/{{task}}/{{file}}", files.get_stem, "GET", schema.GET_FILE),
    ):
        _add(app, path, handler, method, described)
        if method == "GET":
            app.add_api_route(path, handler, methods=["HEAD"], response_model=None, include_in_schema=False)


def _add_page(app: FastAPI) -> None:
    described = app.openapi

    def document() -> dict[str, Any]:
        found = described()
        schemes = {name: {"type": "apiKey", "in": "header", "name": name} for name in (KEY_HEADER, KEY_HEADER_ALIAS)}
        found.setdefault("components", {})["securitySchemes"] = schemes
        return found

    async def show(_request: Request) -> Response:
        return HTMLResponse(page(app.openapi(), "openapi.json"), headers={"Content-Security-Policy": POLICY})

    app.openapi = document  # type: ignore[method-assign]  # the way FastAPI documents to extend it
    app.add_api_route(f"{OURS}docs", show, methods=["GET"], include_in_schema=False)
