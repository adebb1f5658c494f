from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.errors import PublishDenied, PublishFailed, RefusedByCloud, StorageError
from bridge.publish.own_server import OwnServer
from tests.publish.conftest import Peer, read_head

NAME = "0123456789abcdef0123456789abcdef.flac"


class Server:
    """Scripts for a peer that answers as a Stembridge server does."""

    def __init__(self, peer: Peer) -> None:
        self.url = peer.url
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    def _read(self, connection: socket.socket) -> None:
        head, body = read_head(connection)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", b"0")):
            body += connection.recv(1 << 20)
        self.heads.append(head.decode())
        self.bodies.append(body)

    def says(self, status: str, content: bytes = b"") -> Callable[[socket.socket], None]:
        def script(connection: socket.socket) -> None:
            self._read(connection)
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + content)

        return script

    def answers(self, code: int, data: object) -> Callable[[socket.socket], None]:
        return self.says("200 OK", json.dumps({"code": code, "data": data, "message": "words"}).encode())

    def grants(self) -> Callable[[socket.socket], None]:
        put_url = f"{self.url}/stembridge/v1/uploads/{NAME}?size=1&expires=9&signature=top-secret"
        return self.answers(
            100000, {"put_url": put_url, "inputurl": f"{self.url}/stembridge/v1/uploads/{NAME}?s=1", "expires_s": 60}
        )


@pytest.fixture
def server(peer: Peer) -> Server:
    return Server(peer)


@pytest.fixture
def own(peer: Peer) -> OwnServer:
    return OwnServer(peer.url, "the-key", pauses_s=(0.0,), sleep=lambda _seconds: None)


def test_the_server_says_where_and_gets_the_bytes_there(
    peer: Peer, server: Server, own: OwnServer, bounce: Path
) -> None:
    peer.scripts += [server.grants(), server.says("201 Created")]
    told: list[float] = []
    published = own.publish(bounce, "mix.flac", 60, told.append)
    assert server.heads[0].startswith("POST /stembridge/v1/uploads HTTP/1.1")
    assert json.loads(server.bodies[0]) == {"filename": "mix.flac", "size": bounce.stat().st_size}
    assert server.heads[1].startswith(f"PUT /stembridge/v1/uploads/{NAME}?size=1&")
    assert server.bodies[1] == bounce.read_bytes()
    assert published.url == f"{peer.url}/stembridge/v1/uploads/{NAME}?s=1"
    assert told[-1] == 1.0


def test_the_key_goes_to_the_server_and_not_along_with_the_signed_address(
    peer: Peer, server: Server, own: OwnServer, bounce: Path
) -> None:
    peer.scripts += [server.grants(), server.says("201 Created")]
    own.publish(bounce, "mix.flac", 60)
    assert "api-key: the-key" in server.heads[0]
    assert "the-key" not in server.heads[1]


def test_the_handle_holds_no_secret_and_takes_the_upload_back(
    peer: Peer, server: Server, own: OwnServer, bounce: Path
) -> None:
    peer.scripts += [server.grants(), server.says("201 Created"), server.says("204 No Content")]
    handle = own.publish(bounce, "mix.flac", 60).handle
    assert "secret" not in handle
    own.withdraw(handle)
    assert server.heads[2].startswith(f"DELETE /stembridge/v1/uploads/{NAME} HTTP/1.1")
    assert "api-key: the-key" in server.heads[2]


def test_an_upload_that_is_gone_already_is_fine(peer: Peer, server: Server, own: OwnServer) -> None:
    peer.scripts += [server.says("404 Not Found")]
    own.withdraw(NAME)
    assert len(server.heads) == 1


def test_a_cut_upload_begins_again_at_the_same_address(
    peer: Peer, server: Server, own: OwnServer, bounce: Path
) -> None:
    peer.scripts += [server.grants(), lambda connection: read_head(connection) and None, server.says("201 Created")]
    own.publish(bounce, "mix.flac", 60)
    assert server.bodies[-1] == bounce.read_bytes()


def test_a_refused_upload_is_taken_back(peer: Peer, server: Server, own: OwnServer, bounce: Path) -> None:
    peer.scripts += [server.grants(), server.says("403 Forbidden"), server.says("204 No Content")]
    with pytest.raises(PublishDenied):
        own.publish(bounce, "mix.flac", 60)
    assert server.heads[-1].startswith("DELETE")


def test_a_documented_refusal_is_the_services_own_error(
    peer: Peer, server: Server, own: OwnServer, bounce: Path
) -> None:
    peer.scripts += [server.answers(101002, {})]
    with pytest.raises(RefusedByCloud) as caught:
        own.publish(bounce, "mix.flac", 60)
    assert caught.value.code == "service.key"
    assert len(server.heads) == 1


@pytest.mark.parametrize(("status", "content"), [("404 Not Found", b"<h1>no</h1>"), ("200 OK", b"<h1>hello</h1>")])
def test_a_server_that_is_none_of_ours_is_told(
    peer: Peer, server: Server, own: OwnServer, bounce: Path, status: str, content: bytes
) -> None:
    peer.scripts += [server.says(status, content)]
    with pytest.raises(PublishDenied) as caught:
        own.publish(bounce, "mix.flac", 60)
    assert "base_url" in caught.value.advice


def test_a_server_in_passing_trouble_is_asked_again(peer: Peer, server: Server, own: OwnServer, bounce: Path) -> None:
    peer.scripts += [server.says("502 Bad Gateway"), server.grants(), server.says("201 Created")]
    own.publish(bounce, "mix.flac", 60)
    assert len(server.heads) == 3


@pytest.mark.parametrize("code", [100099, 100500])
def test_a_server_that_says_so_itself_is_asked_again_too(
    peer: Peer, server: Server, own: OwnServer, bounce: Path, code: int
) -> None:
    peer.scripts += [server.answers(code, {}), server.grants(), server.says("201 Created")]
    assert NAME in own.publish(bounce, "mix.flac", 60).url
    peer.scripts += [server.answers(code, {}), server.answers(code, {})]
    with pytest.raises(PublishFailed, match=str(code)):
        own.publish(bounce, "mix.flac", 60)


def test_a_grant_without_an_address_is_a_failure(peer: Peer, server: Server, own: OwnServer, bounce: Path) -> None:
    peer.scripts += [server.answers(100000, {"inputurl": "x"})] * 2
    with pytest.raises(PublishFailed):
        own.publish(bounce, "mix.flac", 60)


def test_a_missing_bounce_is_never_asked_for(peer: Peer, server: Server, own: OwnServer, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        own.publish(tmp_path / "missing.flac", "missing.flac", 60)
    assert server.heads == []
