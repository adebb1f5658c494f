from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bridge.protocol.codes import Code
from bridge.server.cleaning import clean

Serve = Callable[..., Any]


def files(server: Any) -> list[str]:
    return sorted(path.name for path in (server.state.options.storage / "files").rglob("*") if path.is_file())


def run(server: Any, before: float) -> int:
    site = server.state
    return clean(site.tables, site.storage, site.uploads, site.links, before)


def test_after_a_while_uploads_and_results_are_gone_and_the_task_is_not_found(serve: Serve, one_second: bytes) -> None:
    server = serve(clock=lambda: 1000.0)
    url = server.upload(one_second)
    task = server.create(url)["data"]["job_id"]
    stem = server.wait(task)["output"]["vocals"]
    assert len(files(server)) == 5
    assert run(server, 1000.0) == 0
    assert len(files(server)) == 5
    assert run(server, 1000.1) == 2
    assert files(server) == []
    assert server.get(task)["code"] == Code.TASK_NOT_FOUND
    assert [server.http.get(link).status_code for link in (url, stem)] == [404, 404]
    assert server.balance() == (99, 0)
    assert run(server, 1000.1) == 0


def test_what_a_waiting_task_will_read_stays(serve: Serve, one_second: bytes) -> None:
    server = serve(clock=lambda: 1000.0, workers=0)
    wanted, unwanted = server.upload(one_second), server.upload(one_second)
    server.create(wanted)
    assert run(server, 2000.0) == 1
    assert server.http.get(wanted).status_code == 200
    assert server.http.get(unwanted).status_code == 404


def test_a_server_cleans_up_by_itself(serve: Serve, one_second: bytes) -> None:
    now = [1000.0]
    server = serve(clock=lambda: now[0], retention_s=0.2)
    server.wait(server.create(server.upload(one_second))["data"]["job_id"])
    now[0] = 2000.0
    while files(server):
        time.sleep(0.01)
    assert files(server) == []
