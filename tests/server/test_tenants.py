"""Keys of several tenants: none reads, fills or holds up what belongs to another."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.errors import ModelUnsupported
from bridge.protocol.codes import BAD_REQUEST, Code
from bridge.protocol.messages import CreateRequest
from bridge.separation.catalogue import Model
from bridge.server.cleaning import clean
from bridge.server.options import Engines, Limits
from bridge.server.tables.opening import Tables, open_tables
from bridge.server.tables.tasks import Order

Serve = Callable[..., Any]


def grant(server: Any, size: int) -> Any:
    return server.post("/stembridge/v1/uploads", {"filename": "mix.wav", "size": size})


def stored(server: Any) -> list[Path]:
    return [path for path in (server.state.options.storage / "files").rglob("*") if path.is_file()]


def clean_all(server: Any) -> None:
    state = server.state
    clean(state.tables, state.storage, state.uploads, state.links, float("inf"))


@pytest.mark.parametrize("by", ["its key", "retention"])
def test_an_upload_that_is_removed_while_it_comes_leaves_no_file(serve: Serve, by: str) -> None:
    server = serve()
    url = urlsplit(grant(server, 4)["data"]["put_url"])
    with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb")
        assert b" 100 " in answer.readline()  # it was let in, and waits for the body
        if by == "retention":
            clean_all(server)
        else:
            assert server.http.delete(url.path, headers={"api-key": server.key}).status_code == 204
        connection.sendall(b"abcd")
        answer.readline()
        assert b" 404 " in answer.readline()
    assert stored(server) == []


def test_stems_of_a_task_that_failed_while_they_were_kept_are_cleaned_up(serve: Serve) -> None:
    server = serve()
    task = server.create("http://127.0.0.1:9/mix.wav")["data"]["job_id"]
    assert server.wait(task)["status"] == "failed"
    left = server.state.storage.receive(f"results/{task}/vocals.wav")
    left.write(b"half a delivery")
    left.commit()
    clean_all(server)
    assert stored(server) == []


def test_the_uploads_of_a_key_are_bounded_together(serve: Serve) -> None:
    server = serve(limits=Limits(file_bytes=1000, uploads_at_once=2))
    assert [grant(server, 900)["code"] for _ in range(3)] == [Code.SUCCESS, Code.SUCCESS, Code.CONCURRENCY_LIMITED]
    server.key = server.state.tables.keys.create("berta")
    server.state.tables.keys.credit("berta", 1)
    assert grant(server, 900)["code"] == Code.SUCCESS


def test_a_removed_upload_makes_room_again(serve: Serve) -> None:
    server = serve(limits=Limits(file_bytes=1000, uploads_at_once=1))
    path = urlsplit(grant(server, 1000)["data"]["put_url"]).path
    assert grant(server, 1)["code"] == Code.CONCURRENCY_LIMITED
    server.http.delete(path, headers={"api-key": server.key})
    assert grant(server, 1000)["code"] == Code.SUCCESS


def test_a_key_without_credit_uploads_nothing(serve: Serve) -> None:
    assert grant(serve(minutes=0), 4)["code"] == Code.INSUFFICIENT_CREDIT


@pytest.mark.parametrize("later_s", [0, 10_000])
def test_the_upload_of_another_key_is_no_input_even_by_an_expired_link(serve: Serve, later_s: float) -> None:
    now = [1000.0]
    server = serve(clock=lambda: now[0])
    url = server.upload(b"abcd")
    now[0] += later_s
    server.key = server.state.tables.keys.create("berta")
    server.state.tables.keys.credit("berta", 10)
    assert server.create(url)["code"] == BAD_REQUEST
    assert server.balance() == (10, 0)


def test_a_model_that_no_engine_makes_is_refused_before_anything_is_reserved(serve: Serve) -> None:
    def only_501(model: Model) -> str:
        if model.id != 501:
            raise ModelUnsupported("not here")
        return "equal"

    server = serve(engines=Engines(choose=only_501))
    assert server.http.get("/stembridge/v1/health").json()["data"]["models"] == [501]
    answer = server.create("http://192.0.2.1/mix.wav", model=350)
    assert answer["code"] == Code.NOT_ENABLED
    assert "350" in answer["message"]
    assert server.balance() == (100, 0)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    tables = open_tables(tmp_path)
    for name in ("anna", "berta"):
        tables.keys.create(name)
        tables.keys.credit(name, 100)
    return tables


def test_keys_take_turns_however_many_tasks_one_has_ordered(tables: Tables) -> None:
    for name in ("anna", "anna", "anna", "anna", "berta", "berta"):
        tables.tasks.create(Order(tables.keys.named(name).number, CreateRequest(501, "http://x/y")))
    names = {tables.keys.named(name).number: name for name in ("anna", "berta")}
    begun = []
    while (task := tables.tasks.claim()) is not None:
        begun.append(names[task.key])
        tables.tasks.fail(task, "")
    assert begun == ["anna", "berta", "anna", "berta", "anna", "anna"]
    tables.database.close()
