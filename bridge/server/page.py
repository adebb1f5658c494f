"""The API's page: what OpenAPI says, as HTML without a script, so that it also opens in a studio without internet."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from bridge.protocol.codes import BAD_REQUEST, MESSAGES, SERVER_ERROR

_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:.1em .3em}dt{margin-top:1em}"
)


POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its own style, and nothing else."""

_USE = (
    "<p>Calls with a key send it in the header <code>api-key</code>. "
    "A create may send an <code>Idempotency-Key</code>: the same "
    "key on a second create gives the first one's task, and costs nothing more. "
    "Every JSON answer is <code>{code, data, message}</code>:</p><ul>"
    + "".join(f"<li><code>{int(code)}</code> {escape(text)}</li>" for code, text in MESSAGES.items())
    + f"<li><code>{BAD_REQUEST}</code> The request is wrong; the message says how</li>"
    f"<li><code>{SERVER_ERROR}</code> The server is in trouble; try again later</li></ul>"
)


def page(document: dict[str, Any], link: str) -> str:
    """Return the page of an OpenAPI document, which itself lies at `link`."""
    entries = [
        f"<dt><code>{escape(method.upper())} {escape(path)}</code></dt><dd>{_described(call)}</dd>"
        for path, calls in document["paths"].items()
        for method, call in calls.items()
    ]
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
        f'{_USE}<p><a href="{escape(link)}">OpenAPI document</a></p><dl>{"".join(entries)}</dl></html>'
    )


def _described(call: dict[str, Any]) -> str:
    text = escape(call.get("summary", ""))
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = ", ".join(f"<code>{escape(name)}</code>" for name in body.get("properties", {}))
    answers = "; ".join(
        f"<code>{escape(status)}</code> {escape(answer.get('description', ''))}"
        for status, answer in call.get("responses", {}).items()
    )
    return f"{text}{f'<br>Body: {fields}' if fields else ''}<br>Answers: {answers}"
