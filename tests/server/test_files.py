from __future__ import annotations

import io
import json
import os
import socket
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.protocol.codes import BAD_REQUEST
from bridge.server.options import Limits

Serve = Callable[..., Any]
CONTENT = bytes(range(256)) * 4096


def grant(server: Any, size: int = len(CONTENT), filename: str = "mix.wav") -> Any:
    return server.post("/stembridge/v1/uploads", {"filename": filename, "size": size})


def stored(server: Any) -> list[str]:
    root = server.state.options.storage / "files"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_an_upload_is_put_and_read_back_whole_and_in_parts(serve: Serve) -> None:
    server = serve()
    url = server.upload(CONTENT)
    whole = server.http.get(url)
    assert whole.content == CONTENT
    assert whole.headers["accept-ranges"] == "bytes"
    part = server.http.get(url, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(CONTENT)}"
    tail = server.http.get(url, headers={"Range": "bytes=-5", "If-Range": whole.headers["etag"]})
    assert (tail.status_code, tail.content) == (206, CONTENT[-5:])
    other = server.http.get(url, headers={"Range": "bytes=-5", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, CONTENT)
    behind = server.http.get(url, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    head = server.http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))


def test_an_upload_may_be_repeated_and_the_last_counts(serve: Serve) -> None:
    server = serve()
    data = grant(server, 3)["data"]
    for content in (b"abc", b"xyz"):
        assert server.http.put(data["put_url"], content=content).status_code == 201
    assert server.http.get(data["inputurl"]).content == b"xyz"


@pytest.mark.parametrize("content", [b"", b"ab", b"abcd"])
def test_only_the_granted_size_is_taken(serve: Serve, content: bytes) -> None:
    server = serve()
    data = grant(server, 3)["data"]
    assert server.http.put(data["put_url"], content=content).status_code == 400
    chunked = server.http.put(data["put_url"], content=iter([content]))
    assert chunked.status_code == 400
    assert server.http.get(data["inputurl"]).status_code == 404
    assert stored(server) == []


def test_an_upload_that_is_cut_off_leaves_nothing(serve: Serve) -> None:
    server = serve()
    url = urlsplit(grant(server)["data"]["put_url"])
    with socket.create_connection((url.hostname, url.port)) as line:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
        line.sendall(head.encode() + CONTENT[:1000])
    while stored(server):
        time.sleep(0.01)
    assert stored(server) == []


def test_an_upload_without_end_is_refused_at_the_first_byte_too_many(serve: Serve) -> None:
    server = serve()
    url = urlsplit(grant(server, 3)["data"]["put_url"])
    with socket.create_connection((url.hostname, url.port), timeout=20) as line:
        line.sendall(f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        line.sendall(b"4\r\nabcd\r\n")  # and nothing says that this was all
        assert b" 400 " in line.recv(65536)
    assert stored(server) == []


@pytest.mark.parametrize("size", [0, -1, 1001, 10**30])
def test_an_upload_of_a_size_that_is_not_allowed_is_not_granted(serve: Serve, size: int) -> None:
    server = serve(limits=Limits(file_bytes=1000))
    assert grant(server, size)["code"] == BAD_REQUEST


@pytest.mark.parametrize(
    ("filename", "ending"),
    [
        ("mix.WAV", ".wav"),
        ("../../etc/passwd", ""),
        ("..\\..\\x.flac", ".flac"),
        ("a/b.c/d", ""),
        ("x.wav/../../y", ""),
        ("x.w%2f", ""),
        ("x.\u0000wav", ""),
        ("x.verylongending", ""),
        ("nul", ""),
        (".wav", ".wav"),
        ("\ud800.mp3", ".mp3"),
    ],
)
def test_of_an_uploads_name_only_a_plain_ending_stays(serve: Serve, filename: str, ending: str) -> None:
    server = serve()
    headers = {"api-key": server.key, "Content-Type": "application/json"}
    body = b'{"size": 3, "filename": ' + json.dumps(filename).encode() + b"}"
    data = server.http.post("/stembridge/v1/uploads", content=body, headers=headers).json()["data"]
    assert server.http.put(data["put_url"], content=b"abc").status_code == 201
    (name,) = stored(server)
    assert len(name) == len("uploads/") + 32 + len(ending)
    assert name.endswith(ending)


@pytest.mark.parametrize(
    "path",
    [
        "/stembridge/v1/uploads/..%2f..%2fserver.db",
        "/stembridge/v1/uploads/../../server.db",
        "/stembridge/v1/uploads/%2e%2e/server.db",
        "/stembridge/v1/results/../../server.db",
        "/stembridge/v1/results/..%2f..%2f/server.db",
        "/stembridge/v1/results/x/..%2f..%2fserver.db",
        "/stembridge/v1/uploads/C:%5cx",
        "/stembridge/v1/uploads/%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_no_path_leads_out_of_storage(serve: Serve, path: str, method: str) -> None:
    server = serve()
    url = urlsplit(server.base)
    with socket.create_connection((url.hostname, url.port)) as line:  # httpx would mend the path
        request = f"{method} {path}?expires=99999999999&size=1&signature=x HTTP/1.1\r\nHost: x\r\n"
        line.sendall(f"{request}api-key: {server.key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert int(answer.split()[1]) in (403, 404, 405)
    assert b"SQLite" not in answer


def test_a_link_is_for_one_thing_one_method_and_one_while(serve: Serve) -> None:
    now = [1000.0]
    server = serve(clock=lambda: now[0], link_s=60)
    data = grant(server, 3)["data"]
    put, get = data["put_url"], data["inputurl"]
    assert server.http.put(get, content=b"abc").status_code == 403
    assert server.http.put(put.replace("size=3", "size=4"), content=b"abcd").status_code == 403
    assert server.http.put(put, content=b"abc").status_code == 201
    assert server.http.get(put).status_code == 403
    name = urlsplit(get).path.rpartition("/")[2]
    other = name.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    assert server.http.get(get.replace(name, other)).status_code == 403
    assert server.http.get(get.replace("expires=1060", "expires=9060")).status_code == 403
    now[0] = 1059.0
    assert server.http.get(get).status_code == 200
    now[0] = 1060.0
    assert server.http.get(get).status_code == 403
    assert server.http.put(put, content=b"abc").status_code == 403


def test_an_upload_is_withdrawn_by_its_owner_only(serve: Serve) -> None:
    server = serve()
    url = server.upload(b"abc")
    name = urlsplit(url).path.rpartition("/")[2]
    path = f"/stembridge/v1/uploads/{name}"
    other = server.state.tables.keys.create("berta")
    assert server.http.delete(path).status_code == 403
    assert server.http.delete(path, headers={"api-key": other}).status_code == 404
    assert server.http.get(url).status_code == 200
    assert server.http.delete(path, headers={"api-key": server.key}).status_code == 204
    assert server.http.delete(path, headers={"api-key": server.key}).status_code == 404
    assert server.http.get(url).status_code == 404
    assert stored(server) == []


def test_a_withdrawn_upload_takes_no_bytes_any_more(serve: Serve) -> None:
    server = serve()
    data = grant(server, 3)["data"]
    name = urlsplit(data["put_url"]).path.rpartition("/")[2]
    server.http.delete(f"/stembridge/v1/uploads/{name}", headers={"api-key": server.key})
    assert server.http.put(data["put_url"], content=b"abc").status_code == 404


def test_the_zip_holds_every_stem_as_it_is(serve: Serve, one_second: bytes) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(one_second))["data"]["job_id"])
    answer = server.http.get(data["zip_url"])
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{stem}.wav" for stem in data["output"]]
        for stem, url in data["output"].items():
            assert archive.read(f"{stem}.wav") == server.http.get(url).content
    assert server.http.head(data["zip_url"]).status_code == 200
    assert server.http.get(data["zip_url"].replace("signature=", "signature=x")).status_code == 403


def test_a_stem_is_read_in_parts(serve: Serve, one_second: bytes) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(one_second))["data"]["job_id"])
    url = data["output"]["vocals"]
    whole = server.http.get(url).content
    half = len(whole) // 2
    part = server.http.get(url, headers={"Range": f"bytes={half}-"})
    assert (part.status_code, whole[:half] + part.content) == (206, whole)
    assert part.headers["content-type"] == "audio/wav"


def test_nobody_else_on_this_machine_may_look_into_the_folder(serve: Serve, tmp_path: Path) -> None:
    serve()
    if os.name != "nt":
        assert (tmp_path / "server").stat().st_mode & 0o077 == 0
