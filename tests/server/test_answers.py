from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.protocol.codes import BAD_REQUEST, MESSAGES
from bridge.protocol.paths import CREATE_PATH

Serve = Callable[..., Any]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", CREATE_PATH, 405)])
def test_a_path_or_method_that_is_not_there_is_answered_in_the_envelope(
    serve: Serve, method: str, path: str, status: int
) -> None:
    answer = serve().http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["code"] == BAD_REQUEST
    assert set(answer.json()) == {"code", "data", "message"}


def test_the_page_names_what_a_client_needs_and_allows_nothing_but_its_style(serve: Serve) -> None:
    answer = serve().http.get("/stembridge/v1/docs")
    for wanted in ("api-key", "Idempotency-Key", "Answers:", *(str(int(code)) for code in MESSAGES)):
        assert wanted in answer.text
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
