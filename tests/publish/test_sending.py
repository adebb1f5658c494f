from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.errors import PublishDenied, PublisherUnavailable, PublishFailed, StepCancelled
from bridge.publish.http import HttpOptions
from bridge.publish.names import unguessable
from bridge.publish.webdav import WebDav
from tests.publish.conftest import Peer, read_head

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LISTED = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """Scripts for a peer that keeps what it was sent."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.bodies: list[bytes] = []
        self.heads: list[bytes] = []
        # Every upload is preceded by a look for what may be cleaned up.
        peer.scripts.append(self.answers(LISTED))

    def answers(self, answer: bytes) -> Callable[[socket.socket], None]:
        def script(connection: socket.socket) -> None:
            self._receive(connection, None)
            connection.sendall(answer)

        return script

    def cuts_after(self, count: int) -> Callable[[socket.socket], None]:
        return lambda connection: self._receive(connection, count)

    def cuts_before_answering(self, connection: socket.socket) -> None:
        self._receive(connection, None)

    def answers_something_else(self, connection: socket.socket) -> None:
        self._receive(connection, None)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    def _receive(self, connection: socket.socket, limit: int | None) -> None:
        head, body = read_head(connection)
        self.heads.append(head)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        expected = int(fields.get(b"content-length", b"0"))
        received = bytearray(body)
        while len(received) < (expected if limit is None else limit):
            received += connection.recv(1 << 20) or b"\0"
        self.bodies.append(bytes(received))


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def own(peer: Peer, pauses: list[float]) -> WebDav:
    return WebDav(f"{peer.url}/dav", pauses_s=(1.0, 2.0), sleep=pauses.append)


def test_a_cut_upload_begins_again_and_arrives_whole(
    peer: Peer, own: WebDav, pauses: list[float], bounce: Path
) -> None:
    server = Server(peer)
    peer.scripts += [server.cuts_after(3 << 20), server.cuts_before_answering, server.answers(CREATED)]
    told: list[float] = []
    own.publish(bounce, bounce.name, 60, told.append)
    assert server.bodies[-1] == bounce.read_bytes()
    assert len(server.bodies) == 4
    assert pauses == [1.0, 2.0]
    assert told == sorted(told)


def test_each_try_puts_the_same_name(peer: Peer, own: WebDav, bounce: Path) -> None:
    server = Server(peer)
    peer.scripts += [server.cuts_after(1), server.answers(CREATED)]
    published = own.publish(bounce, bounce.name, 60)
    lines = {head.split(b"\r\n")[0] for head in server.heads if head.startswith(b"PUT")}
    assert lines == {f"PUT /dav/{published.handle} HTTP/1.1".encode()}


@pytest.mark.parametrize("status", ["408 Timeout", "429 Slow Down", "500 Oops", "502 Bad Gateway", "503 Busy"])
def test_a_server_in_passing_trouble_is_asked_again(peer: Peer, own: WebDav, bounce: Path, status: str) -> None:
    server = Server(peer)
    trouble = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    peer.scripts += [server.answers(trouble), server.answers(CREATED)]
    own.publish(bounce, bounce.name, 60)
    assert server.bodies[-1] == bounce.read_bytes()


def test_tries_are_bounded(peer: Peer, own: WebDav, pauses: list[float], bounce: Path) -> None:
    server = Server(peer)
    peer.scripts += [server.cuts_after(1)] * 3
    with pytest.raises(PublishFailed) as caught:
        own.publish(bounce, bounce.name, 60)
    assert caught.value.retryable
    assert pauses == [1.0, 2.0]


def test_an_answer_that_is_no_http_is_a_failure(peer: Peer, own: WebDav, bounce: Path) -> None:
    server = Server(peer)
    peer.scripts += [server.answers_something_else] * 3
    with pytest.raises(PublishFailed):
        own.publish(bounce, bounce.name, 60)


def test_a_server_that_says_nothing_is_waited_for_only_so_long(peer: Peer, bounce: Path) -> None:
    server = Server(peer)

    def says_nothing(connection: socket.socket) -> None:
        server.cuts_before_answering(connection)
        connection.recv(1)

    peer.scripts += [says_nothing]
    impatient = WebDav(peer.url, pauses_s=(), http=HttpOptions(read_s=0.2))
    with pytest.raises(PublishFailed):
        impatient.publish(bounce, bounce.name, 60)


def test_a_server_that_takes_nothing_is_waited_for_only_so_long(peer: Peer, bounce: Path) -> None:
    Server(peer)
    given_up = threading.Event()

    def takes_nothing(connection: socket.socket) -> None:
        read_head(connection)
        given_up.wait(60)

    peer.scripts += [takes_nothing]
    impatient = WebDav(peer.url, pauses_s=(), http=HttpOptions(write_s=0.2, read_s=0.2))
    with pytest.raises(PublishFailed):
        impatient.publish(bounce, bounce.name, 60, lambda _fraction: None)
    given_up.set()


def test_nobody_listening_is_a_failure_that_may_pass(pauses: list[float], bounce: Path) -> None:
    own = WebDav("http://127.0.0.1:9", pauses_s=(1.0,), sleep=pauses.append)
    with pytest.raises(PublishFailed) as caught:
        own.publish(bounce, bounce.name, 60)
    assert "127.0.0.1:9" in caught.value.message
    assert pauses == [1.0]


def test_a_redirect_is_not_followed_but_told(peer: Peer, own: WebDav, pauses: list[float], bounce: Path) -> None:
    server = Server(peer)
    moved = CREATED.replace(b"201 Created", b"301 Moved\r\nLocation: http://elsewhere.example/")
    peer.scripts += [server.answers(moved)]
    with pytest.raises(PublishDenied) as caught:
        own.publish(bounce, bounce.name, 60)
    assert "moved" in caught.value.advice
    assert pauses == []


def test_a_withdrawal_is_tried_again_too(peer: Peer, own: WebDav, pauses: list[float]) -> None:
    server = Server(peer)
    peer.scripts[:] = [server.cuts_before_answering, server.answers(CREATED)]
    own.withdraw(unguessable("gone.flac", 0))
    assert pauses == [1.0]
    assert [head.split(b" ")[0] for head in server.heads] == [b"DELETE", b"DELETE"]


def test_a_cancelled_upload_is_not_begun_again(peer: Peer, own: WebDav, pauses: list[float], bounce: Path) -> None:
    server = Server(peer)
    peer.scripts += [server.cuts_after(1)]

    def cancel(fraction: float) -> None:
        if fraction:
            raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        own.publish(bounce, bounce.name, 60, cancel)
    assert pauses == []


@pytest.mark.parametrize("url", ["htp://host/dav", "http:///dav", "dav"])
def test_an_address_that_is_none_is_the_configurations_fault(url: str, bounce: Path) -> None:
    with pytest.raises(PublisherUnavailable):
        WebDav(url).publish(bounce, bounce.name, 60)


def test_a_ca_file_that_is_none_is_the_configurations_fault(tmp_path: Path, bounce: Path) -> None:
    for file in (tmp_path / "missing.pem", bounce):
        with pytest.raises(PublisherUnavailable):
            WebDav("https://127.0.0.1:9", http=HttpOptions(ca_file=file)).publish(bounce, bounce.name, 60)
