"""The calls as OpenAPI 3.1 describes them, for the page and for whoever generates a client."""

from __future__ import annotations

from typing import Any, Final

from bridge.separation.catalogue import models

Schema = dict[str, Any]

_LINK: Final = ("expires", "signature")


def call(data: Schema, body: Schema | None = None, *, key: bool = True) -> Schema:
    """Describe a call that answers in the envelope, with `data` where it succeeds."""
    envelope = {
        "type": "object",
        "required": ["code", "data", "message"],
        "properties": {"code": {"type": "integer"}, "data": data, "message": {"type": "string"}},
    }
    description = "Always this envelope; the code in it says how it went, 100000 is success."
    described: Schema = {"responses": {"200": {"description": description, "content": _json(envelope)}}}
    if body is not None:
        described["requestBody"] = {"required": True, "content": _json(body)}
    if key:
        described["security"] = [{"api-key": []}, {"api_key": []}]
    return described


def link(statuses: dict[str, str], *more: str) -> Schema:
    """Describe a signed link; `more` are the parameters it has besides."""
    names = (*_LINK, *more)
    parameters = [{"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in names]
    return {"parameters": parameters, "responses": {code: {"description": text} for code, text in statuses.items()}}


def record(**properties: Schema) -> Schema:
    """Describe an object. In a refusal it is empty, so nothing is required."""
    return {"type": "object", "properties": properties}


def request(**properties: Schema) -> Schema:
    """Describe a request's object, all of whose fields are needed."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}

CREATE: Final = call(
    record(job_id=TEXT), request(model_type={"type": "integer", "enum": list(models())}, inputurl=TEXT)
)
GET: Final = call(
    record(
        status={"type": "string", "enum": ["waiting", "success", "failed"]},
        file_type=TEXT,
        video_url=TEXT,
        output={"type": "object", "additionalProperties": TEXT},
        zip_url=TEXT,
        progress=NUMBER,
        duration=NUMBER,
        error=TEXT,
    ),
    request(job_id=TEXT),
)
MODELS: Final[Schema] = {"type": "array", "items": COUNT}
HEALTH: Final = call(record(service=TEXT, version=TEXT, idempotency={"type": "boolean"}, models=MODELS), key=False)
BALANCE: Final = call(record(available=COUNT, reserved=COUNT))
UPLOAD: Final = call(record(put_url=TEXT, inputurl=TEXT, expires_s=COUNT), request(filename=TEXT, size=COUNT))
PUT_FILE: Final = link(
    {"201": "Kept.", "400": "Not the granted size.", "403": "Not a valid link.", "404": "Withdrawn."}, "size"
)
GET_FILE: Final = link(
    {"200": "All of it.", "206": "A range.", "403": "Not a valid link.", "404": "Gone.", "416": "Behind the end."}
)
DELETE_FILE: Final[Schema] = {
    "security": [{"api-key": []}, {"api_key": []}],
    "responses": {
        "204": {"description": "Gone."},
        "403": {"description": "Wrong key."},
        "404": {"description": "None."},
    },
}
