"""What doctor asks of the service: nothing that costs anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.load import load
from bridge.daemon.capabilities import capabilities
from bridge.daemon.service_check import ask_service
from bridge.errors import CloudError, ConfigError, NotSent, PublisherUnavailable
from bridge.protocol.codes import Code
from bridge.protocol.refusals import InsufficientCredit, InvalidKey, Suspended
from bridge.separation.capabilities import Capabilities
from bridge.separation.engine import Availability
from tests.pipeline.cloud_double import KEY, StandIn, stand_in
from tests.ports import free_port
from tests.server.conftest import Serve, serve

__all__ = ["serve"]


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


def _ask(folder: Path, url: str, key: str = KEY, publishing: Availability | None = None) -> str:
    file = folder / "config.toml"
    file.write_text(f"[state]\nfolder = 'State'\n[api]\nbase_url = '{url}'\nkey = '{key}'\n")
    settings = load(file, {})
    possible = capabilities(settings)
    return ask_service(settings, Capabilities(possible.key, publishing or possible.publishing))


def test_a_service_that_takes_the_key_is_said_to(tmp_path: Path, service: StandIn) -> None:
    service.codes["get"] = Code.TASK_NOT_FOUND
    assert _ask(tmp_path, service.url) == f"{service.url} answers and takes the key"
    assert "create" not in service.calls


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.INVALID_KEY, InvalidKey),
        (Code.SUSPENDED, Suspended),
        (Code.INSUFFICIENT_CREDIT, InsufficientCredit),
    ],
)
def test_a_key_that_is_refused_is_the_finding(
    tmp_path: Path, service: StandIn, code: Code, error: type[CloudError]
) -> None:
    service.codes["get"] = code
    with pytest.raises(error) as caught:
        _ask(tmp_path, service.url)
    assert caught.value.advice


def test_a_code_that_is_not_documented_is_no_finding(tmp_path: Path, service: StandIn) -> None:
    service.codes["get"] = 424242
    assert "424242" in _ask(tmp_path, service.url)


def test_a_service_that_is_not_there_is_the_finding(tmp_path: Path) -> None:
    with pytest.raises(NotSent):
        _ask(tmp_path, f"http://127.0.0.1:{free_port()}")


def test_no_way_to_publish_is_the_finding(tmp_path: Path, service: StandIn) -> None:
    service.codes["get"] = Code.TASK_NOT_FOUND
    with pytest.raises(PublisherUnavailable, match="Nothing says how"):
        _ask(tmp_path, service.url, publishing=Availability("Nothing says how.", "Set url."))


def test_a_variable_that_the_client_cannot_use_is_the_finding(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:1080")
    with pytest.raises(ConfigError, match="ALL_PROXY"):
        _ask(tmp_path, service.url)


def test_our_own_server_says_what_is_left_and_that_there_is_no_credit(tmp_path: Path, serve: Serve) -> None:
    server = serve()
    assert _ask(tmp_path, server.base, server.key).endswith("takes the key; 100 minutes left")
    empty = server.state.tables.keys.create("empty")
    with pytest.raises(InsufficientCredit, match="0 left"):
        _ask(tmp_path, server.base, empty)
    with pytest.raises(InvalidKey):
        _ask(tmp_path, server.base, "sk-not-its-own")


def test_without_a_key_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert "no key" in ask_service(load(tmp_path / "config.toml", {}), Capabilities())
