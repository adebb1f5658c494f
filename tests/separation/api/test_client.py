from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from bridge.errors import ConfigError, NotSent, OutcomeUnknown, RefusedByCloud
from bridge.protocol.codes import MESSAGES, Code
from bridge.protocol.messages import CreateRequest, Envelope, Phase
from bridge.protocol.paths import CREATE_PATH, GET_PATH, HEALTH_PATH
from bridge.protocol.refusals import RateLimited, UnknownCode, refusal
from bridge.separation.api.endpoint import Endpoint
from bridge.separation.api.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from tests.separation.api.conftest import Connect, Service

KEY = "sk-7f3e9a-not-for-anybody"
ORDER = CreateRequest(350, "https://files.example/audio_splitter.mp4")
JOB = "33b6251d7ba94edea8361c318736e746"

# The documented answers, byte for byte.
CREATED = (
    '{\n"code": 100000,\n"data": {\n"job_id": "33b6251d7ba94edea8361c318736e746"\n},\n"message": "Request Success"\n}'
)
REFUSED = '{{\n"code": {code},\n"data": {{}},\n"message": "{message}"\n}}'
GOT = (
    '{\n"code": 100000,\n"data": {\n"status": "success",\n"file_type": "audio",\n"video_url": "https://x/before.wav",\n'
    '"output": {\n"vocals": "https://x/v.wav",\n"other": "https://x/o.wav"\n},\n"zip_url": "https://x/before.zip"\n},\n'
    '"message": "Request Success"\n}'
)
REFUSALS = [code for code in Code if code is not Code.SUCCESS]


def test_an_order_goes_out_as_documented_and_its_id_comes_back(service: Service, connect: Connect) -> None:
    service.always(CREATED)
    assert connect(service.url).create(ORDER) == JOB
    (call,) = service.calls
    assert (call.method, call.path) == ("POST", CREATE_PATH)
    assert call.headers["api-key"] == KEY
    assert call.headers["content-type"] == "application/json"
    assert "idempotency-key" not in call.headers
    assert list(call.parsed.items()) == [("model_type", 350), ("inputurl", ORDER.inputurl)]


def test_a_question_goes_out_as_documented_and_its_task_comes_back(service: Service, connect: Connect) -> None:
    service.always(GOT)
    task = connect(service.url).get(JOB)
    assert (task.phase, task.output) == (Phase.SUCCESS, {"vocals": "https://x/v.wav", "other": "https://x/o.wav"})
    (call,) = service.calls
    assert (call.path, call.parsed, call.headers["api-key"]) == (GET_PATH, {"job_id": JOB}, KEY)


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
@pytest.mark.parametrize("code", REFUSALS)
def test_each_code_is_read_from_the_body_whatever_the_status(
    service: Service, connect: Connect, code: Code, status: int
) -> None:
    service.always(REFUSED.format(code=int(code), message=MESSAGES[code]), status)
    client = connect(service.url)
    for ask in (lambda: client.create(ORDER), lambda: client.get(JOB)):
        with pytest.raises(RefusedByCloud) as raised:
            ask()
        assert type(raised.value) is type(refusal(Envelope.of(code)))
        assert raised.value.answered == code
        assert MESSAGES[code] in raised.value.message
    assert len(service.calls) == 2, "nothing is repeated from here"


@pytest.mark.parametrize("code", [100002, 100099, 100400, 100500, 800001, 42])
def test_an_undocumented_code_is_shown_and_the_order_not_repeated(
    service: Service, connect: Connect, code: int
) -> None:
    service.always(REFUSED.format(code=code, message="please solve the captcha"))
    with pytest.raises(UnknownCode, match=f'{code}, "please solve the captcha"'):
        connect(service.url).create(ORDER)
    assert len(service.calls) == 1


def test_a_retry_after_is_handed_on(service: Service, connect: Connect) -> None:
    service.always(REFUSED.format(code=101003, message="x"), Retry_After="17")
    with pytest.raises(RateLimited) as raised:
        connect(service.url).create(ORDER)
    assert raised.value.retry_after_s == 17


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, CREATED[:40]),
        (200, ""),
        (200, "<html>Bad gateway</html>"),
        (200, '{"code": 100000, "data": {}, "message": "Request Success"}'),
        (200, '{"code": 100000, "data": {"job_id": ""}}'),
        (200, "[" * 100_000),
        *[(status, "<html>no</html>") for status in (301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 413, 429)],
        (500, "Internal Server Error"),
        (502, "<html>Bad gateway</html>"),
        (503, ""),
        (504, '{"error": "timeout"}'),
    ],
)
def test_an_answer_that_does_not_say_leaves_the_outcome_unknown(
    service: Service, connect: Connect, status: int, body: str
) -> None:
    service.always(body, status, Location="/elsewhere")
    with pytest.raises(OutcomeUnknown, match=f"HTTP {status}") as raised:
        connect(service.url).create(ORDER)
    assert (raised.value.parked, raised.value.retryable) == ("needs_review", False)
    assert len(service.calls) == 1, "an order is neither repeated nor redirected"


def test_a_proxys_429_is_a_rate_limit(service: Service, connect: Connect) -> None:
    service.always("slow down", 429, Retry_After="9")
    with pytest.raises(RateLimited) as raised:
        connect(service.url).get(JOB)
    assert raised.value.retry_after_s == 9


def test_our_own_server_is_known_by_its_health_and_asked_without_the_key(service: Service, connect: Connect) -> None:
    data = {"service": "stembridge", "version": "1", "idempotency": True}
    service.always(json.dumps({"code": 100000, "data": data, "message": "Request Success"}))
    health = connect(service.url).health()
    assert health is not None
    assert health.idempotency
    (call,) = service.calls
    assert (call.method, call.path) == ("GET", HEALTH_PATH)
    assert KEY not in str(call.headers)


@pytest.mark.parametrize(("status", "body"), [(404, "not found"), (200, "<html>"), (200, '{"code": 1}'), (200, "{}")])
def test_anybody_else_is_not_our_own_server(service: Service, connect: Connect, status: int, body: str) -> None:
    service.always(body, status)
    assert connect(service.url).health() is None


def test_the_public_service_is_not_even_asked() -> None:
    assert Endpoint("https://audiocleaner.ai/", KEY).public


def test_an_idempotency_key_travels_with_the_order(service: Service, connect: Connect) -> None:
    service.always(CREATED)
    connect(service.url).create(ORDER, "again-and-again")
    assert service.calls[0].headers["idempotency-key"] == "again-and-again"


def test_the_key_shows_nowhere(
    service: Service, connect: Connect, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.always(GOT)
    client = connect(service.url)
    client.get(JOB)
    errors = []
    for url, body in ((service.url, "x"), (nobody, "")):
        service.always(body)
        with pytest.raises((OutcomeUnknown, NotSent)) as raised:
            connect(url).create(ORDER)
        errors.append(f"{raised.value!r} {raised.value} {raised.value.__cause__!r}")
    shown = f"{caplog.text} {errors} {client.wire.endpoint!r} {client!r} {client.wire!r}"
    assert KEY not in shown
    assert "files.example" not in shown, "nor does a URL that is a secret"


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "clé", "\x00"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Endpoint("https://separate.example", key)
    assert not key or key not in raised.value.message


@pytest.mark.parametrize("url", ["", "separate.example", "ftp://x", "https://", "https://me:pw@x", "http://x:99999"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        Endpoint(url, KEY)


def test_a_certificate_file_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(ConfigError, match=name):
            Wire(Endpoint("https://separate.example", KEY, "", tmp_path / name))


def test_a_proxy_that_is_none_is_said_to_be_so() -> None:
    with pytest.raises(ConfigError, match="proxy"):
        Wire(Endpoint("https://separate.example", KEY, "nonsense://x"))


def test_requests_go_through_the_proxy_that_is_configured(service: Service, connect: Connect) -> None:
    service.always(CREATED)
    assert connect("http://separate.example", proxy=service.url).create(ORDER) == JOB
    assert service.calls[0].path == f"http://separate.example{CREATE_PATH}"
