"""No DELETE ever goes to anything but a file that we published ourselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bridge.errors import PublishDenied, PublisherUnavailable
from bridge.publish.object_store import ObjectStore
from bridge.publish.own_server import OwnServer
from bridge.publish.webdav import WebDav


class Peer:
    """A WebDAV server that refuses every PUT, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 401
        self.offers = 'Basic realm="x"'
        self.asked: list[str] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                peer.asked.append(self.command)
                self.send_response(peer.status)
                self.send_header("WWW-Authenticate", peer.offers)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_DELETE = do_PROPFIND = do_PUT  # noqa: N815 - the names that http.server looks for

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/dav"


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    thread = threading.Thread(target=peer.server.serve_forever, args=(0.05,))
    thread.start()
    yield peer
    peer.server.shutdown()
    thread.join()
    peer.server.server_close()


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    path = tmp_path / "mix.flac"
    path.write_bytes(b"fLaC")
    return path


@pytest.mark.parametrize("tail", ["?", "#", "?x=1", "#x", "/{name}?x", "/{name}#x", "/{name}/content", "?f={name}"])
def test_an_address_that_does_not_end_in_the_files_name_is_never_used(peer: Peer, mix: Path, tail: str) -> None:
    with pytest.raises(PublisherUnavailable, match="file's name"):
        WebDav(peer.url + tail).publish(mix, mix.name, 60)
    assert "PUT" not in peer.asked
    assert "DELETE" not in peer.asked


@pytest.mark.parametrize("status", [401, 403, 405, 409])
def test_after_a_refused_upload_nothing_is_deleted(peer: Peer, mix: Path, status: int) -> None:
    peer.status = status
    with pytest.raises(PublishDenied):
        WebDav(peer.url).publish(mix, mix.name, 60)
    assert "DELETE" not in peer.asked


@pytest.mark.parametrize("handle", ["", ".", "..", "../x", "song.flac", "x/" + "0" * 48 + "-1.wav"])
def test_what_we_did_not_publish_is_not_deleted(peer: Peer, handle: str) -> None:
    for publisher in (WebDav(peer.url), OwnServer(peer.url, "key"), ObjectStore("s3://bucket")):
        with pytest.raises(PublishDenied, match="Not deleting"):
            publisher.withdraw(handle)
    assert peer.asked == []


def test_a_server_that_only_offers_digest_is_told(peer: Peer, mix: Path) -> None:
    peer.offers = 'Digest realm="x", nonce="y"'
    with pytest.raises(PublishDenied) as refused:
        WebDav(peer.url, user="studio", secret="s").publish(mix, mix.name, 60)
    assert "Digest" in refused.value.advice
