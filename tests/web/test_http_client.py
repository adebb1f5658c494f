from __future__ import annotations

import logging

import httpx
import pytest

from bridge.web.http_client import LoggingClient

URL = "https://user:pa55word@example.org/v1/get/0123456789abcdef0123456789abcdef/mix.wav?signature=s3cret#part"


def _client(answer: httpx.Response | Exception) -> LoggingClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return LoggingClient(transport=httpx.MockTransport(handle))


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_an_exchange_is_logged_with_method_host_path_status_and_duration(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with _client(httpx.Response(404)) as client:
        client.get(URL)
    (line,) = _lines(caplog)
    assert line.startswith("GET example.org/v1/get/0123.../mix.wav: 404 after ")
    assert line.endswith(" ms")


def test_a_failed_exchange_is_logged_with_the_kind_of_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with _client(httpx.ConnectError(f"cannot connect to {URL}")) as client, pytest.raises(httpx.ConnectError):
        client.get(URL)
    assert _lines(caplog)[0].startswith("GET example.org/v1/get/0123.../mix.wav: ConnectError after ")


def test_no_secret_of_an_exchange_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with _client(httpx.Response(200)) as client:
        client.post(URL, headers={"api-key": "k3y-of-the-user"}, content=b"b0dy")
    text = "\n".join(str(vars(record)) + record.getMessage() for record in caplog.records)
    assert not [secret for secret in ("pa55word", "s3cret", "k3y-of-the-user", "b0dy", "89abcdef") if secret in text]
