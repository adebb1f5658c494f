from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import BounceError
from bridge.server.fetching.addresses import Allowed
from bridge.server.fetching.fetch import Fetcher, FetchError, FetchForbidden, Limits
from bridge.server.fetching.resolving import system_resolve

StartWeb = Callable[..., Any]
MUSIC = b"fLaC" + bytes(100_000)
HERE = Allowed.of(["127.0.0.0/8", "::1"])
REDIRECT = {"Content-Length": "0"}


def fetch(url: str, target: Path, allowed: Allowed = HERE, **changes: Any) -> bytes:
    limits = Limits(changes.pop("size", 1_000_000), changes.pop("time_s", 20.0))
    asyncio.run(Fetcher(allowed, limits, **changes).fetch(url, target))
    return target.read_bytes()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "input"


def test_a_file_is_fetched(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/mix.flac?x=1"] = (200, {}, MUSIC)
    assert fetch(here.url("/mix.flac?x=1"), target) == MUSIC
    assert here.asked == [(f"127.0.0.1:{here.port}", "/mix.flac?x=1")]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "user:password@127.0.0.1",
        "example.com@127.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ],
)
def test_no_way_of_writing_it_leads_into_the_local_network(web: StartWeb, target: Path, host: str) -> None:
    here = web()
    with pytest.raises(FetchError) as caught:
        fetch(here.url("/mix.flac", host), target, Allowed(), resolve=only_literals)
    assert here.asked == []
    assert "127" not in caught.value.message


def only_literals(host: str, port: int) -> list[str]:
    """Ask the system, but no name server: names other than localhost are not found."""
    if not host.strip("[]").replace(".", "").replace(":", "").lower().strip("0123456789abcdefx") or host == "localhost":
        return system_resolve(host, port)
    raise OSError("there are no names here")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://", "//x", "x"]
)
def test_nothing_but_http_is_fetched(target: Path, url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url, target)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(web: StartWeb, target: Path, status: int) -> None:
    here = web()
    here.pages["/a"] = (status, {"Location": "/b"}, b"")
    here.pages["/b"] = (200, {}, MUSIC)
    assert fetch(here.url("/a"), target) == MUSIC


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is loopback only there")
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/b", "//127.0.0.1:{port}/b", "http://2130706433:{port}/b"]
)
def test_a_redirect_into_the_local_network_is_refused(web: StartWeb, target: Path, location: str) -> None:
    inside = web()
    outside = web("127.0.0.2")
    outside.pages["/a"] = (302, {"Location": location.format(port=inside.port)}, b"")
    with pytest.raises(FetchForbidden):
        fetch(outside.url("/a"), target, Allowed.of(["127.0.0.2"]))
    assert inside.asked == []


def test_a_redirect_to_another_scheme_is_refused(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/a"] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(FetchForbidden):
        fetch(here.url("/a"), target)


def test_redirects_end(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(FetchError, match="redirected more than 5 times"):
        fetch(here.url("/a"), target)
    assert len(here.asked) == 6


class Rebinding:
    """A name server that answers once with one address, then with another."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _twins(web: StartWeb) -> tuple[Any, Any]:
    """Start two sites on one port number of two addresses; somebody else may have that number on the second."""
    for _ in range(50):
        outside = web("127.0.0.2")
        with contextlib.suppress(OSError):
            return outside, web("127.0.0.1", outside.port)
    raise AssertionError("no port is free on both addresses")


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is loopback only there")
def test_the_connection_goes_to_the_judged_address_whatever_the_name_says_next(web: StartWeb, target: Path) -> None:
    outside, inside = _twins(web)
    outside.pages["/mix"] = inside.pages["/mix"] = (200, {}, MUSIC)
    names = Rebinding(["127.0.0.2"], ["127.0.0.1"])
    allowed = Allowed.of(["127.0.0.2"])
    assert fetch(outside.url("/mix", "rebind.example"), target, allowed, resolve=names) == MUSIC
    assert names.asked == 1
    assert (outside.asked, inside.asked) == ([(f"rebind.example:{outside.port}", "/mix")], [])
    with pytest.raises(FetchForbidden):
        fetch(outside.url("/mix", "rebind.example"), target, allowed, resolve=names)
    assert inside.asked == []


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is loopback only there")
def test_each_redirect_is_resolved_and_judged_anew(web: StartWeb, target: Path) -> None:
    outside, inside = _twins(web)
    outside.pages["/a"] = (302, {"Location": "/b"}, b"")
    names = Rebinding(["127.0.0.2"], ["127.0.0.1"])
    with pytest.raises(FetchForbidden):
        fetch(outside.url("/a", "rebind.example"), target, Allowed.of(["127.0.0.2"]), resolve=names)
    assert inside.asked == []


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is loopback only there")
def test_one_bad_address_among_good_ones_condemns_the_host(web: StartWeb, target: Path) -> None:
    outside = web("127.0.0.2")
    outside.pages["/mix"] = (200, {}, MUSIC)
    with pytest.raises(FetchForbidden):
        fetch(
            outside.url("/mix", "both.example"),
            target,
            Allowed.of(["127.0.0.2"]),
            resolve=lambda *_: ["127.0.0.2", "127.0.0.1"],
        )
    assert outside.asked == []


def test_a_studio_may_allow_its_own_host_by_name(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/mix"] = (200, {}, MUSIC)
    names = Rebinding(["127.0.0.1"])
    assert fetch(here.url("/mix", "nas.local"), target, Allowed.of(["nas.local"]), resolve=names) == MUSIC


def test_a_file_that_says_it_is_too_large_is_not_read(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/mix"] = (200, {}, MUSIC)
    with pytest.raises(BounceError, match="more than 1000 bytes"):
        fetch(here.url("/mix"), target, size=1000)


def test_a_file_that_does_not_say_so_is_cut_off_at_the_limit(target: Path) -> None:
    endless = Dripping(MUSIC, chunk=50_000, pause_s=0.0)
    with endless as port, pytest.raises(BounceError, match="more than"):
        fetch(f"http://127.0.0.1:{port}/mix", target)
    assert target.stat().st_size <= 1_000_000


def test_a_peer_that_drips_bytes_is_given_up_after_the_whole_time(target: Path) -> None:
    with Dripping(b"fLaC", chunk=1, pause_s=0.05) as port, pytest.raises(FetchError, match="longer than 1 seconds"):
        fetch(f"http://127.0.0.1:{port}/mix", target, time_s=1.0)


def test_a_name_server_that_never_answers_does_not_hold_up_the_end(target: Path) -> None:
    answered = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        answered.wait()
        return ["127.0.0.1"]

    with pytest.raises(FetchError, match="longer"):
        fetch("http://slow.example/mix", target, time_s=0.2, resolve=silent)
    answered.set()


@pytest.mark.parametrize("status", [204, 206, 400, 401, 404, 500])
def test_any_answer_but_the_file_is_told(web: StartWeb, target: Path, status: int) -> None:
    here = web()
    here.pages["/mix"] = (status, {}, b"")
    with pytest.raises(FetchError, match=str(status)):
        fetch(here.url("/mix"), target)


def test_a_truncated_body_is_no_file(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/mix"] = (200, {"Content-Length": "200000", "Connection": "close"}, MUSIC)
    with pytest.raises(FetchError):
        fetch(here.url("/mix"), target)


def test_a_page_is_no_medium(web: StartWeb, target: Path) -> None:
    here = web()
    here.pages["/mix"] = (200, {"Content-Type": "audio/flac"}, b"<html>sign in</html>")
    with pytest.raises(BounceError, match="neither audio nor video"):
        fetch(here.url("/mix"), target)


def test_nobody_there_is_told_without_our_network(target: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch("http://127.0.0.1:1/mix", target)
    assert "127.0.0.1" not in caught.value.message


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.text(), st.builds("http://{}/{}".format, st.text(), st.text())))
def test_whatever_is_called_a_url_ends_in_an_error_of_ours(url: str) -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise OSError("there are no names here")

    with pytest.raises(FetchError):
        fetch(url, Path("never written"), resolve=nobody)


@pytest.mark.system("openssl")
def test_over_tls_the_certificate_is_checked_against_the_name(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=studio.example"]
    command += ["-addext", "subjectAltName=DNS:studio.example", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    names: list[str] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name or "")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(MUSIC)))
            self.end_headers()
            self.wfile.write(MUSIC)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Quiet(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = server.server_address[1]
    names_server = Rebinding(["127.0.0.1"])
    assert fetch(f"https://studio.example:{port}/mix", target, resolve=names_server) == MUSIC
    assert names == ["studio.example"]
    with pytest.raises(FetchError):
        fetch(f"https://other.example:{port}/mix", target, resolve=names_server)
    server.shutdown()
    server.server_close()


class Dripping:
    """A peer that sends without end, a chunk at a time."""

    def __init__(self, first: bytes, *, chunk: int, pause_s: float) -> None:
        self._first, self._chunk, self._pause_s = first, chunk, pause_s

    def __enter__(self) -> int:
        drip = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(drip._first)
                try:
                    while True:
                        self.wfile.write(bytes(drip._chunk))
                        time.sleep(drip._pause_s)
                except OSError:
                    pass

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return int(self._server.server_address[1])

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
