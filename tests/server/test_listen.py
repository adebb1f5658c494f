from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.errors import StorageError, UsageError
from bridge.server.listen import open_socket, require_guarded, web_server
from bridge.server.options import ServerOptions
from bridge.web.guard import Message, Receive, Send


async def nothing(scope: Message, receive: Receive, send: Send) -> None:
    pass


def options(**values: object) -> ServerOptions:
    return ServerOptions(storage=Path("x"), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_no_encryption_is_needed(host: str) -> None:
    require_guarded(options(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "studio.example", "localhost.example", "127.1"])
def test_beyond_it_somebody_must_encrypt(host: str) -> None:
    with pytest.raises(UsageError, match="without TLS") as caught:
        require_guarded(options(host=host))
    assert "behind_proxy" in caught.value.advice
    require_guarded(options(host=host, behind_proxy=True))
    require_guarded(options(host=host, tls_cert=Path("c"), tls_key=Path("k")))


def test_a_certificate_and_its_key_belong_together() -> None:
    with pytest.raises(UsageError, match="together"):
        require_guarded(options(tls_cert=Path("c")))


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("no certificate")
    for path in (tmp_path / "c", tmp_path / "missing"):
        with pytest.raises(UsageError, match="tls_cert"):
            web_server(nothing, options(tls_cert=path, tls_key=path))


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StorageError, match="cannot listen"):
        open_socket(options(port=taken.getsockname()[1]))


@pytest.mark.system("openssl")
def test_with_a_certificate_it_serves_over_tls(serve: Callable[..., Any], tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    base = serve(tls_cert=certificate, tls_key=key).base.replace("http:", "https:")
    trusted = ssl.create_default_context(cafile=str(certificate))
    answer = httpx.get(f"{base}/stembridge/v1/health", verify=trusted)
    assert answer.json()["data"]["service"] == "stembridge"
