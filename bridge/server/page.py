"""The API's page: what OpenAPI says, as HTML without a script, so that it also opens in a studio without internet."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:.1em .3em}dt{margin-top:1em}"
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
        f'<p><a href="{escape(link)}">OpenAPI document</a></p><dl>{"".join(entries)}</dl></html>'
    )


def _described(call: dict[str, Any]) -> str:
    text = escape(call.get("summary", ""))
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = ", ".join(f"<code>{escape(name)}</code>" for name in body.get("properties", {}))
    return f"{text}{f'<br>Body: {fields}' if fields else ''}"
