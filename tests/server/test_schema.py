from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from bridge.server.options import Limits

Serve = Callable[..., Any]

_EXAMPLES = 60


def test_the_document_describes_every_call(serve: Serve) -> None:
    document = serve().http.get("/stembridge/v1/openapi.json").json()
    calls = {(method, path) for path, methods in document["paths"].items() for method in methods}
    ours = "/stembridge/v1/"
    task = "/audio/api/v1/api-keys/separation/task/"
    assert calls == {
        ("post", f"{task}create"),
        ("post", f"{task}get"),
        ("get", f"{ours}health"),
        ("get", f"{ours}balance"),
        ("post", f"{ours}uploads"),
        ("put", f"{ours}uploads/{{name}}"),
        ("delete", f"{ours}uploads/{{name}}"),
        ("get", f"{ours}uploads/{{name}}"),
        ("get", f"{ours}results/{{file}}"),
        ("get", f"{ours}results/{{task}}/{{file}}"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("with_key", [True, False])
def test_nothing_that_fits_or_breaks_the_document_makes_the_server_fail(serve: Serve, with_key: bool) -> None:
    server = serve(limits=Limits(calls_per_minute=0, tasks_at_once=0), minutes=10**6)
    schema = schemathesis.openapi.from_url(f"{server.base}/stembridge/v1/openapi.json")
    headers = {"api-key": server.key} if with_key else {}
    modes = list(schemathesis.GenerationMode)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def survives(case: Any) -> None:
            response = case.call(base_url=server.base, headers=headers)
            assert response.status_code < 500
            if response.headers.get("content-type") == ["application/json"] and response.status_code == 200:
                assert set(response.json()) == {"code", "data", "message"}

        survives()
