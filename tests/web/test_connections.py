"""Hostile clients on real sockets. Deadlines are small, and every wait is for the server's own act."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bridge.web.connections import peer_of
from bridge.web.guard import Message, Receive, Send
from bridge.web.listening import Address, ConnectionLimits, open_socket
from bridge.web.server import WebServer

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 60


@dataclass
class Server:
    port: int
    ended: threading.Event
    """Set when a request's body was cut off, or when an endless answer was."""

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        connection.sendall(sent)
        return connection

    def status(self) -> int:
        with self.connect(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as connection:
            return int(connection.makefile("rb").readline().split()[1])


Serve = Callable[..., Server]


class Application:
    """An application that reads what it is sent, and under /endless answers without end."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.url.path == "/endless":
            await self._send_without_end(receive, send)
            return
        if request.method == "PUT":
            try:
                await request.body()
            except ClientDisconnect:
                self._ended.set()
        await Response("here")(scope, receive, send)

    async def _send_without_end(self, receive: Receive, send: Send) -> None:
        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        gone = asyncio.ensure_future(until_gone())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
            await asyncio.sleep(0)
        self._ended.set()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**limits: float) -> Server:
            ended = threading.Event()

            server = WebServer(Application(ended), limits=ConnectionLimits(**limits), cut_at_stop=True)  # type: ignore[arg-type]
            listening = stack.enter_context(open_socket(Address("127.0.0.1", 0)))
            thread = threading.Thread(target=server.serve, args=(listening,))
            port = listening.getsockname()[1]
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            return Server(port, ended)

        yield start


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server closes, and say that it did."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    connection.close()
    return True


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", REQUEST, REQUEST + b"GET / HT"])
def test_a_connection_that_asks_for_nothing_more_is_closed(serve: Serve, sent: bytes) -> None:
    assert is_closed(serve(head_s=0.2).connect(sent))


def test_a_head_that_drips_is_closed_all_the_same(serve: Serve) -> None:
    connection = serve(head_s=0.2).connect(b"GET / HTTP/1.1\r\n")
    connection.settimeout(0.02)
    closed = False
    while not closed:
        try:
            connection.sendall(b"x: y\r\n")
            closed = connection.recv(1) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            closed = True
    connection.close()


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_half_a_body_is_cut_off(serve: Serve, framing: bytes) -> None:
    server = serve(body_s=0.2)
    connection = server.connect(b"PUT / HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n4\r\nabcd\r\n")
    assert is_closed(connection)
    assert server.ended.wait(PATIENCE_S)


def test_a_body_that_comes_fast_enough_may_take_longer_than_one_deadline(serve: Serve) -> None:
    server = serve(body_s=0.3, body_bytes=1)
    piece, pause = bytes(1000), threading.Event()
    with server.connect(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n") as connection:
        for _ in range(10):
            connection.sendall(piece)
            pause.wait(0.1)
        assert connection.makefile("rb").readline().split()[1] == b"200"


def test_a_client_that_does_not_read_its_answer_is_cut_off(serve: Serve) -> None:
    server = serve(write_s=0.2)
    with server.connect(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert server.ended.wait(PATIENCE_S)


def test_idle_connections_make_room_for_who_asks(serve: Serve) -> None:
    server = serve(open=20)
    crowd = [server.connect() for _ in range(60)]
    assert server.status() == 200
    assert all(is_closed(connection) for connection in crowd[:40])
    for connection in crowd[40:]:
        connection.close()


def test_connections_that_are_served_are_not_closed_for_others(serve: Serve) -> None:
    server = serve(open=16)
    busy = [server.connect(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(16)]
    for connection in busy:
        assert connection.recv(1)
    assert is_closed(server.connect())
    assert all(connection.recv(1) for connection in busy)
    for connection in busy:
        connection.close()


def test_an_address_and_an_ipv6_network_are_one_peer_and_a_proxy_here_is_none() -> None:
    assert peer_of("192.0.2.7") == peer_of("::ffff:192.0.2.7") != peer_of("192.0.2.8")
    assert peer_of("2001:db8::1") == peer_of("2001:db8::ffff") != peer_of("2001:db8:0:1::1")
    assert peer_of("127.0.0.1") == peer_of("::1") == ""


@pytest.mark.parametrize("noise", [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x" * 70_000])
def test_what_is_no_http_is_refused_without_a_body(serve: Serve, noise: bytes) -> None:
    with serve().connect(noise + b"\r\n\r\n") as connection:
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"400", b"")
