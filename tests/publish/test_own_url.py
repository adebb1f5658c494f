from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PublisherUnavailable, StepCancelled, StorageError
from bridge.publish.file_server import LIMITS
from bridge.publish.own_url import OwnUrl
from bridge.publish.publisher import Published, ServesFiles
from bridge.publish.reach import Checked
from bridge.web.listening import Address
from tests.ports import free_port


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own(tmp_path: Path, clock: Clock) -> Iterator[OwnUrl]:
    """The bridge as its own web server; a tunnel would show its port, so the public address is that."""
    port = free_port()
    own = OwnUrl(tmp_path / "published", f"http://127.0.0.1:{port}/stems/", Address("127.0.0.1", port), clock)
    own.start()
    yield own
    own.stop()


def files(own_folder: Path) -> list[str]:
    return sorted(file.name for file in own_folder.iterdir() if file.name != "key")


def test_a_published_bounce_can_be_fetched_and_is_gone_when_withdrawn(
    own: OwnUrl, tmp_path: Path, bounce: Path
) -> None:
    published = Checked(own).publish(bounce, bounce.name, 60)
    answer = httpx.get(published.url)
    assert answer.content == bounce.read_bytes()
    assert answer.headers["Content-Type"] == "audio/flac"
    assert answer.headers["Cache-Control"] == "private, no-store"
    own.withdraw(published.handle)
    assert httpx.get(published.url).status_code == 404
    assert files(tmp_path / "published") == []
    own.withdraw(published.handle)
    assert bounce.exists()


def test_head_tells_the_size_and_sends_nothing(own: OwnUrl, bounce: Path) -> None:
    published = own.publish(bounce, bounce.name, 60)
    answer = httpx.head(published.url)
    assert answer.headers["Content-Length"] == str(bounce.stat().st_size)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.content == b""


def test_a_fetch_that_was_cut_goes_on_by_range(own: OwnUrl, bounce: Path) -> None:
    published, content = own.publish(bounce, bounce.name, 60), bounce.read_bytes()
    start = httpx.get(published.url, headers={"Range": "bytes=0-4999999"})
    tag = start.headers["ETag"]
    rest = httpx.get(published.url, headers={"Range": "bytes=5000000-", "If-Range": tag})
    assert (start.status_code, rest.status_code) == (206, 206)
    assert rest.headers["Content-Range"] == f"bytes 5000000-{len(content) - 1}/{len(content)}"
    assert start.content + rest.content == content
    other = httpx.get(published.url, headers={"Range": "bytes=5000000-", "If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, len(content))
    beyond = httpx.get(published.url, headers={"Range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")


def test_the_proxys_own_path_before_ours_does_not_matter(own: OwnUrl, bounce: Path) -> None:
    published = own.publish(bounce, bounce.name, 60)
    cut_off = published.url.replace("/stems/", "/")
    longer = published.url.replace("/stems/", "/a/b/c/")
    assert {httpx.head(url).status_code for url in (published.url, cut_off, longer)} == {200}


def test_the_url_ends_with_its_lifetime(own: OwnUrl, clock: Clock, bounce: Path) -> None:
    published = own.publish(bounce, bounce.name, 60)
    clock.time += 59
    assert httpx.head(published.url).status_code == 200
    clock.time += 1
    assert httpx.head(published.url).status_code == 404


def test_a_restart_serves_what_was_published_and_deletes_what_is_over(
    own: OwnUrl, tmp_path: Path, clock: Clock, bounce: Path
) -> None:
    short, long = own.publish(bounce, bounce.name, 60), own.publish(bounce, bounce.name, 600)
    for half in ("half.part", ".half.partial"):
        (tmp_path / "published" / half).touch()
    port = own.port
    own.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(long.url)
    clock.time += 60
    again = OwnUrl(tmp_path / "published", "", Address("127.0.0.1", port), clock)
    again.start()
    try:
        assert httpx.get(long.url).content == bounce.read_bytes()
        assert files(tmp_path / "published") == [long.handle]
        assert short.handle != long.handle
        again.withdraw(long.handle)
        assert files(tmp_path / "published") == []
    finally:
        again.stop()


def test_the_bounce_may_be_deleted_while_it_is_published(own: OwnUrl, bounce: Path) -> None:
    content = bounce.read_bytes()
    published = own.publish(bounce, bounce.name, 60)
    bounce.unlink()
    assert httpx.get(published.url).content == content


def test_a_disk_without_links_gets_a_copy(
    own: OwnUrl, tmp_path: Path, bounce: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_self: Path, _target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    told: list[float] = []
    published = own.publish(bounce, bounce.name, 60, told.append)
    assert httpx.get(published.url).content == bounce.read_bytes()
    assert told[-1] == 1.0
    own.withdraw(published.handle)

    def cancel(_fraction: float) -> None:
        raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        own.publish(bounce, bounce.name, 60, cancel)
    assert files(tmp_path / "published") == []


def test_a_cancelled_publication_leaves_nothing_behind(own: OwnUrl, tmp_path: Path, bounce: Path) -> None:
    def cancel(_fraction: float) -> None:
        raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        own.publish(bounce, bounce.name, 60, cancel)
    assert files(tmp_path / "published") == []


def test_a_missing_bounce_is_the_disks_error(own: OwnUrl, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        own.publish(tmp_path / "missing.wav", "missing.wav", 60)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_the_key_and_the_folder_are_nobody_elses(own: OwnUrl, tmp_path: Path, bounce: Path) -> None:
    own.publish(bounce, bounce.name, 60)
    assert stat.S_IMODE((tmp_path / "published" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "published").stat().st_mode) == 0o700


def test_a_taken_port_is_told(own: OwnUrl, tmp_path: Path) -> None:
    second = OwnUrl(tmp_path / "other", "http://x", Address("127.0.0.1", own.port))
    with pytest.raises(PublisherUnavailable) as caught:
        second.start()
    assert "listen" in caught.value.advice


def test_it_is_started_and_stopped_by_whoever_puts_the_rooms_together(own: OwnUrl) -> None:
    for service in (own, Checked(own)):
        assert isinstance(service, ServesFiles)
        service.start()
        assert own.port
        service.stop()
        service.stop()
        assert own.port == 0


def test_nothing_secret_is_logged(own: OwnUrl, bounce: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    published = own.publish(bounce, bounce.name, 60)
    httpx.get(published.url)
    httpx.get(published.url + "x")
    assert published.handle not in caplog.text


class TestFence:
    """What the server must never give out."""

    @pytest.fixture
    def published(self, own: OwnUrl, bounce: Path) -> Published:
        return own.publish(bounce, bounce.name, 60)

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "CONNECT"])
    def test_only_get_and_head_are_known(self, published: Published, method: str) -> None:
        assert httpx.request(method, published.url, content=b"x").status_code == 501
        assert httpx.head(published.url).status_code == 200

    def test_another_file_needs_another_signature(self, own: OwnUrl, published: Published, bounce: Path) -> None:
        other = own.publish(bounce, bounce.name, 60)
        assert httpx.get(published.url.replace(published.handle, other.handle)).status_code == 404

    def test_the_end_cannot_be_put_off(self, own: OwnUrl, tmp_path: Path, published: Published) -> None:
        later = re.sub(r"-\d+\.", "-1999999999.", published.handle)
        os.link(tmp_path / "published" / published.handle, tmp_path / "published" / later)
        assert httpx.get(published.url.replace(published.handle, later)).status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "",
            "/key",
            "/stems",
            "//",
            "/.",
            "/..",
            "/../key",
            "/%2e%2e/key",
            "/stems/?",
            "*",
            "http://x/key",
            "/\0",
        ],
    )
    def test_nothing_else_is_there(self, own: OwnUrl, published: Published, path: str) -> None:
        status, body = raw(own.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert status in (0, 400, 404)
        assert body == b""

    @given(st.binary(max_size=300))
    def test_noise_gets_no_more_than_an_error(self, noise: bytes) -> None:
        status, body = raw(_NOISE.port, noise + b"\r\n\r\n")
        assert status in (0, 400, 404, 414, 431, 501, 505)
        assert body == b""

    def test_a_file_that_is_not_a_published_one_is_not_served(self, own: OwnUrl, tmp_path: Path) -> None:
        assert own.port
        for name in ("key", "song.flac", "sub"):
            own.withdraw(name)
        assert (tmp_path / "published" / "key").exists()

    def test_a_crowd_that_asks_for_nothing_keeps_nobody_out(self, own: OwnUrl, published: Published) -> None:
        crowd = [socket.create_connection(("127.0.0.1", own.port)) for _ in range(2 * LIMITS.open)]
        assert httpx.head(published.url).status_code == 200
        crowd[0].settimeout(30)
        assert crowd[0].recv(1) == b""  # the oldest made room
        for connection in crowd:
            connection.close()

    def test_a_stop_does_not_wait_for_slow_fetchers(self, own: OwnUrl, published: Published) -> None:
        with socket.create_connection(("127.0.0.1", own.port)) as idle:
            idle.sendall(b"GET / HTT")
            own.stop()
            idle.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                assert idle.recv(1) == b""


def raw(port: int, request: bytes) -> tuple[int, bytes]:
    """The status (0: none) and the body that come back for these bytes."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(30)
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                answer += more
        except ConnectionError:
            pass
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]) if head.startswith(b"HTTP/1.") else 0), body


class _Noise:
    port = 0


_NOISE = _Noise()


@pytest.fixture(autouse=True, scope="module")
def noise_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    own = OwnUrl(tmp_path_factory.mktemp("noise"), "http://x", Address("127.0.0.1", 0))
    own.start()
    _NOISE.port = own.port
    yield
    own.stop()


@pytest.mark.system("nginx")
def test_behind_a_real_reverse_proxy_it_is_fetched_through_the_proxy(tmp_path: Path, bounce: Path) -> None:
    inner, outer = free_port(), free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; proxy_temp_path {tmp_path}/temp; client_body_temp_path {tmp_path}/body;\n"
        f"server {{ listen 127.0.0.1:{outer}; location /bridge/ {{ proxy_pass http://127.0.0.1:{inner}/; }} }} }}\n"
    )
    own = OwnUrl(tmp_path / "published", f"http://127.0.0.1:{outer}/bridge", Address("127.0.0.1", inner))
    proxy = subprocess.Popen(["nginx", "-e", str(tmp_path / "log"), "-c", str(config)])
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{outer}/")
            except httpx.ConnectError:
                continue
            break
        published = Checked(own).publish(bounce, bounce.name, 60)
        assert httpx.get(published.url).content == bounce.read_bytes()
        part = httpx.get(published.url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, bounce.read_bytes()[4:8])
        own.withdraw(published.handle)
        assert httpx.get(published.url).status_code == 404
    finally:
        proxy.terminate()
        proxy.wait(10)
        own.stop()
