from __future__ import annotations

import io
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from bridge.compute.executor import LocalExecutor
from bridge.protocol.codes import BAD_REQUEST, MESSAGES, SERVER_ERROR, Code
from bridge.protocol.paths import CREATE_PATH, GET_PATH
from bridge.separation.catalogue import models
from bridge.separation.registry import makers, separator
from bridge.separation.separator import SeparationRequest
from bridge.server.options import Engines, Limits, local_engine
from bridge.server.tables.keys import KeyState
from bridge.units import Progress

Serve = Callable[..., Any]

REFUSED_BY_STATE = {
    KeyState.REVOKED: Code.INVALID_KEY,
    KeyState.SUSPENDED: Code.SUSPENDED,
    KeyState.DISABLED: Code.NOT_ENABLED,
}


def raw(server: Any, path: str, body: object, key: str | None = None, header: str = "api-key") -> httpx.Response:
    headers = {} if key is None else {header: key}
    response: httpx.Response = server.http.post(path, content=json.dumps(body).encode(), headers=headers)
    return response


def refusal_bytes(code: Code) -> bytes:
    return json.dumps({"code": int(code), "data": {}, "message": MESSAGES[code]}, separators=(",", ":")).encode()


def order(model: int = 501, url: str = "https://example.com/mix.wav") -> dict[str, object]:
    return {"model_type": model, "inputurl": url}


@pytest.mark.parametrize("header", ["api-key", "api_key", "Api-Key", "API_KEY"])
def test_each_spelling_of_the_key_header_is_taken(serve: Serve, header: str) -> None:
    server = serve()
    assert raw(server, GET_PATH, {"job_id": "0" * 32}, server.key, header).json()["code"] == Code.TASK_NOT_FOUND


def test_a_created_task_is_answered_byte_for_byte(serve: Serve) -> None:
    server = serve()
    response = raw(server, CREATE_PATH, order(), server.key)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    pattern = rb'\{"code":100000,"data":\{"job_id":"[0-9a-f]{32}"\},"message":"Request Success"\}'
    assert re.fullmatch(pattern, response.content)


@pytest.mark.parametrize("path", [CREATE_PATH, GET_PATH])
@pytest.mark.parametrize("key", [None, "", "sb_wrong", "ünknown"])
def test_an_unknown_key_is_101002_byte_for_byte(serve: Serve, path: str, key: str | None) -> None:
    server = serve()
    headers = {} if key is None else {"api-key": key.encode("latin-1")}
    response = server.http.post(path, json={}, headers=headers)
    assert (response.status_code, response.content) == (200, refusal_bytes(Code.INVALID_KEY))


@pytest.mark.parametrize("state", REFUSED_BY_STATE)
def test_a_key_that_may_not_is_told_so_byte_for_byte(serve: Serve, state: KeyState) -> None:
    server = serve()
    server.state.tables.keys.set_state("anna", state)
    for path, body in ((CREATE_PATH, order()), (GET_PATH, {"job_id": "0" * 32})):
        response = raw(server, path, body, server.key)
        assert (response.status_code, response.content) == (200, refusal_bytes(REFUSED_BY_STATE[state]))


def test_without_credit_it_is_100100_and_no_task(serve: Serve) -> None:
    server = serve(minutes=0)
    assert raw(server, CREATE_PATH, order(), server.key).content == refusal_bytes(Code.INSUFFICIENT_CREDIT)
    assert server.state.tables.tasks.counts() == {}


def test_too_many_calls_are_101003_and_told_when_to_come_back(serve: Serve) -> None:
    server = serve(limits=Limits(calls_per_minute=3), monotonic=lambda: 0.0)
    answers = [raw(server, GET_PATH, {"job_id": "0" * 32}, server.key) for _ in range(4)]
    assert [answer.json()["code"] for answer in answers[:3]] == [Code.TASK_NOT_FOUND] * 3
    assert answers[3].content == refusal_bytes(Code.RATE_LIMITED)
    assert answers[3].headers["retry-after"] == "20"


def test_too_many_tasks_at_once_are_101004_until_one_has_ended(serve: Serve, one_second: bytes) -> None:
    going = threading.Event()
    server = serve(
        engines=Engines(lambda _model: "slow", lambda _name: WaitsFor(going)), limits=Limits(tasks_at_once=2)
    )
    url = server.upload(one_second)
    tasks = [server.create(url)["data"]["job_id"] for _ in range(2)]
    assert raw(server, CREATE_PATH, order(url=url), server.key).content == refusal_bytes(Code.CONCURRENCY_LIMITED)
    going.set()
    assert [server.wait(task)["status"] for task in tasks] == ["success", "success"]
    assert server.create(url)["code"] == Code.SUCCESS


@pytest.mark.parametrize("job_id", ["0" * 32, "nonsense", "../../etc/passwd", "\ud800", "'; DROP TABLE tasks; --"])
def test_an_unknown_task_is_101008_byte_for_byte(serve: Serve, job_id: str) -> None:
    server = serve()
    assert raw(server, GET_PATH, {"job_id": job_id}, server.key).content == refusal_bytes(Code.TASK_NOT_FOUND)


def test_somebody_elses_task_is_not_found(serve: Serve) -> None:
    server = serve()
    task = server.create("https://example.com/mix.wav")["data"]["job_id"]
    other = server.state.tables.keys.create("berta")
    assert raw(server, GET_PATH, {"job_id": task}, other).content == refusal_bytes(Code.TASK_NOT_FOUND)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"model_type": 501}',
        b'{"inputurl": "https://example.com/a.wav"}',
        b'{"model_type": 999, "inputurl": "https://example.com/a.wav"}',
        b'{"model_type": true, "inputurl": "https://example.com/a.wav"}',
        b'{"model_type": 1e400, "inputurl": "https://example.com/a.wav"}',
        b'{"model_type": 501, "inputurl": "file:///etc/passwd"}',
        b'{"model_type": 501, "inputurl": "gopher://example.com/"}',
        b'{"model_type": 501, "inputurl": "https://"}',
        b'{"model_type": 501, "inputurl": "https://[::1"}',
        b'{"model_type": 501, "inputurl": "https://example.com/\\ud800"}',
        b'{"model_type": 501, "inputurl": "https://example.com/a\\r\\nX-Header: 1"}',
        b"[" * 60_000,
        b'{"model_type": ' + b"9" * 5000 + b', "inputurl": "https://example.com/a.wav"}',
        b" " * 70_000,
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_the_envelope_and_costs_nothing(serve: Serve, body: bytes) -> None:
    server = serve()
    response = server.http.post(CREATE_PATH, content=body, headers={"api-key": server.key})
    answer = response.json()
    assert (response.status_code, answer["code"], answer["data"]) == (200, BAD_REQUEST, {})
    assert answer["message"]
    assert server.balance() == (100, 0)


def test_unknown_fields_are_passed_over(serve: Serve) -> None:
    server = serve()
    body = {**order(), "separation_type": "vocals", "captcha": "x"}
    assert server.post(CREATE_PATH, body)["code"] == Code.SUCCESS


@pytest.mark.parametrize("model", models())
def test_every_model_gives_its_documented_stems(serve: Serve, one_second: bytes, model: int) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(one_second), model)["data"]["job_id"])
    row = models()[model]
    assert list(data)[:5] == ["status", "file_type", "video_url", "output", "zip_url"]
    assert (data["status"], data["file_type"], data["progress"], data["duration"]) == ("success", "audio", 1.0, 1.0)
    assert list(data["output"]) == [*row.stems, *(["other"] if row.complement else [])]
    total = sum(stem(server, url) for url in data["output"].values())
    mix = soundfile.read(io.BytesIO(one_second), dtype="float32")[0]
    assert np.abs(total - mix).max() < 1e-6
    assert server.balance() == (99, 0)


@pytest.mark.slow
def test_the_preview_engine_works_in_its_own_process(serve: Serve, one_second: bytes) -> None:
    executor = LocalExecutor()
    try:
        server = serve(engines=Engines(), executor=executor)
        url = server.upload(one_second)
        mix = soundfile.read(io.BytesIO(one_second), dtype="float32")[0]
        for model in (501, 350, 340, 360):
            data = server.wait(server.create(url, model)["data"]["job_id"])
            assert data["status"] == "success"
            assert np.abs(sum(stem(server, url) for url in data["output"].values()) - mix).max() < 1e-5
        assert server.create(url, 491)["code"] == Code.NOT_ENABLED
        assert server.balance() == (96, 0)
    finally:
        executor.shutdown(cancel_futures=True)


def test_the_cloud_is_never_the_engine_of_a_server() -> None:
    assert {local_engine(model) for model in models().values() if "preview" in makers(model)} == {"preview"}
    assert separator("preview").name == "preview"


def test_the_same_order_with_the_same_idempotency_key_is_one_task_however_often_and_at_once(
    serve: Serve, one_second: bytes
) -> None:
    server = serve()
    url = server.upload(one_second)
    headers = {"Idempotency-Key": "one"}
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: server.create(url, **headers), range(64)))
    ids = {answer["data"]["job_id"] for answer in answers}
    assert len(ids) == 1
    assert server.wait(ids.pop())["status"] == "success"
    assert server.balance() == (99, 0)
    assert server.create(url, **headers) == answers[0]


def test_another_order_with_the_same_idempotency_key_is_refused(serve: Serve) -> None:
    server = serve()
    first = server.create("https://example.com/a.wav", **{"Idempotency-Key": "one"})
    other = server.create("https://example.com/b.wav", **{"Idempotency-Key": "one"})
    assert (first["code"], other["code"]) == (Code.SUCCESS, BAD_REQUEST)
    assert "Idempotency-Key" in other["message"]


def test_idempotency_keys_of_two_askers_have_nothing_to_do_with_each_other(serve: Serve) -> None:
    server = serve()
    berta = server.state.tables.keys.create("berta")
    server.state.tables.keys.credit("berta", 1)
    headers = {"Idempotency-Key": "one"}
    mine = server.create("https://example.com/a.wav", **headers)["data"]["job_id"]
    response = server.http.post(CREATE_PATH, json=order(), headers={"api-key": berta, **headers})
    assert response.json()["data"]["job_id"] != mine


@pytest.mark.parametrize("value", ["", "x" * 256])
def test_an_idempotency_key_has_a_length(serve: Serve, value: str) -> None:
    assert serve().create("https://example.com/a.wav", **{"Idempotency-Key": value})["code"] == BAD_REQUEST


def test_trouble_with_the_database_is_told_in_the_envelope_and_the_server_goes_on(serve: Serve) -> None:
    server = serve()
    database = sqlite3.connect(server.state.options.storage / "server.db")
    database.execute("ALTER TABLE ledger RENAME TO elsewhere")
    database.commit()
    response = raw(server, CREATE_PATH, order(), server.key)
    assert (response.status_code, response.json()["code"], response.json()["data"]) == (503, SERVER_ERROR, {})
    assert "ledger" not in response.text
    database.execute("ALTER TABLE elsewhere RENAME TO ledger")
    database.commit()
    database.close()
    assert server.create("https://example.com/mix.wav")["code"] == Code.SUCCESS


def test_health_needs_no_key_and_says_what_we_can(serve: Serve) -> None:
    data = serve().http.get("/stembridge/v1/health").json()["data"]
    assert (data["service"], data["idempotency"]) == ("stembridge", True)


def test_the_page_lists_the_calls_and_needs_nothing_from_elsewhere(serve: Serve) -> None:
    page = serve().http.get("/stembridge/v1/docs").text
    assert CREATE_PATH in page
    assert "http" not in page.replace("http://127.0.0.1", "")
    assert "<script" not in page


def test_public_url_begins_every_link(serve: Serve, one_second: bytes) -> None:
    server = serve(public_url="https://stems.studio.example/api")
    grant = server.post("/stembridge/v1/uploads", {"filename": "x", "size": len(one_second)})["data"]
    assert grant["put_url"].startswith("https://stems.studio.example/api/stembridge/v1/uploads/")
    put = grant["put_url"].replace("https://stems.studio.example/api", server.base)
    assert server.http.put(put, content=one_second).status_code == 201
    data = server.wait(server.create(grant["inputurl"])["data"]["job_id"])
    links = [*data["output"].values(), data["zip_url"]]
    assert all(link.startswith("https://stems.studio.example/api/stembridge/v1/results/") for link in links)


class WaitsFor:
    name = label = "slow"
    revision = "1"

    def __init__(self, going: threading.Event) -> None:
        self._going = going

    def check(self, model: object) -> None:
        pass

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        self._going.wait(30)
        paths = {name: request.folder / f"{name}.wav" for name in request.model.delivered}
        for path in paths.values():
            path.write_bytes(request.mix.read_bytes())
        return paths


def stem(server: Any, url: str) -> Any:
    response = server.http.get(url)
    assert response.status_code == 200
    return soundfile.read(io.BytesIO(response.content), dtype="float32")[0]
