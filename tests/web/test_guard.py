from __future__ import annotations

import asyncio

import pytest

from bridge.web.guard import SECURITY_HEADERS, Guard, Message, Receive, Send

Headers = list[tuple[bytes, bytes]]


def ask(headers: Headers, answered: Headers | None = None) -> tuple[int, dict[bytes, bytes]]:
    sent: list[Message] = []

    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": answered or []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(app)({"type": "http", "headers": headers}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_every_answer_carries_the_security_headers() -> None:
    status, headers = ask([])
    assert (status, headers) == (200, SECURITY_HEADERS)


def test_an_answers_own_policy_is_kept() -> None:
    policy = (b"Content-Security-Policy", b"default-src 'self'")
    _, headers = ask([], [policy])
    assert headers[policy[0]] == policy[1]
    assert b"content-security-policy" not in headers


@pytest.mark.parametrize("length", [b"0", b"5"])
def test_a_request_with_two_lengths_is_refused_and_its_connection_closed(length: bytes) -> None:
    status, headers = ask([(b"content-length", length), (b"transfer-encoding", b"chunked")])
    assert (status, headers[b"connection"]) == (400, b"close")
