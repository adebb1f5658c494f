"""Variables of the environment that HTTP clients read."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bridge.errors import ConfigError, PublisherUnavailable
from bridge.publish.http import HttpOptions, open_client
from bridge.separation.api.endpoint import Endpoint
from bridge.separation.api.wire import Wire
from bridge.server.fetching.addresses import Allowed
from bridge.server.fetching.fetch import Fetcher, Limits
from bridge.web.environment import require_usable

WRONG = [
    ("NO_PROXY", "localhost,[::1]"),
    ("no_proxy", "fe80::/10"),
    ("ALL_PROXY", "socks://127.0.0.1:1080"),
    ("all_proxy", "socks4://127.0.0.1:1080"),
    ("HTTPS_PROXY", "http://"),
    ("HTTP_PROXY", "http://[::1"),
    ("SSL_CERT_FILE", "/there/is/no/such.pem"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_variable_that_cannot_be_used_is_named_with_its_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        Wire(Endpoint(key="a-key"))
    assert f'{name} is "{value}"' in caught.value.message
    assert caught.value.advice
    with pytest.raises(PublisherUnavailable) as refused:
        open_client(HttpOptions())
    assert refused.value.message == caught.value.message


def test_a_socks_proxy_without_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"ALL_PROXY is .socks5://127\.0\.0\.1:1080.: SOCKS needs"):
        require_usable({"ALL_PROXY": "socks5://127.0.0.1:1080"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NO_PROXY", "localhost, 127.0.0.1,::1,.example.org,10.0.0.0/8,host:8080,http://inner"),
        ("NO_PROXY", "*"),
        ("HTTP_PROXY", "http://user:secret@proxy:3128"),
        ("https_proxy", "proxy:3128"),
        ("HTTPS_PROXY", ""),
    ],
)
def test_what_the_client_can_use_passes_and_the_client_agrees(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_usable({name: value})
    monkeypatch.setenv(name, value)
    httpx.Client().close()


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        require_usable({"SSL_CERT_FILE": str(tmp_path / "x.pem")})


def test_a_proxy_s_password_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        require_usable({"ALL_PROXY": "socks4://me:secret@proxy:1080"})
    assert "secret" not in caught.value.message
    assert "proxy:1080" in caught.value.message


def test_proxies_are_not_judged_where_the_configuration_names_its_own() -> None:
    require_usable({"ALL_PROXY": "socks4://proxy:1080"}, proxies=False)


def test_the_server_s_fetching_names_the_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/there/is/no/such.pem")
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        Fetcher(Allowed(()), Limits(size=1, time_s=1.0))
