from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port

SWIFT = Path(__file__).with_name("swift_peer.py")

NGINX = """
include /etc/nginx/modules-enabled/*.conf;
daemon off;
master_process off;
pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/temp;
    client_max_body_size 300m;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {home}/certificate.pem;
        ssl_certificate_key {home}/key.pem;
        root {home};
        location /dav/ {{
            dav_methods PUT DELETE;
            {propfind}
            limit_except GET HEAD {{ auth_basic "stems"; auth_basic_user_file {home}/passwords; }}
        }}
        location /token/ {{
            dav_methods PUT DELETE;
            if ($http_authorization != "Bearer s3cret") {{ return 401; }}
        }}
        location /small/ {{ dav_methods PUT DELETE; client_max_body_size 1k; }}
        location /public/ {{ alias {home}/dav/; }}
        location /login/ {{ return 200 "Please log in."; }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    url: str
    tls_url: str
    home: Path

    @property
    def certificate(self) -> Path:
        return self.home / "certificate.pem"

    @property
    def stored(self) -> list[Path]:
        return sorted((self.home / "dav").iterdir())


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
    raise RuntimeError(f"the server ended at once with status {process.returncode}")


def make_certificate(home: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=studio", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(home / "key.pem"), "-out", str(home / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def nginx_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    home, port, tls_port = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    make_certificate(home)
    for folder in ("dav", "temp", "token", "small"):
        (home / folder).mkdir()
    (home / "passwords").write_text("studio:{PLAIN}s3cret\n")
    listing = any(Path("/etc/nginx/modules-enabled").glob("*dav-ext.conf"))
    propfind = "dav_ext_methods PROPFIND OPTIONS;" if listing else ""
    (home / "nginx.conf").write_text(NGINX.format(home=home, port=port, tls_port=tls_port, propfind=propfind))
    program = shutil.which("nginx") or "nginx"
    process = subprocess.Popen([program, "-e", str(home / "error.log"), "-c", str(home / "nginx.conf")])
    try:
        wait_until_open(port, process)
        yield Nginx(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls_port}", home)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def nginx(nginx_process: Nginx) -> Nginx:
    """The real web server, its folder empty."""
    for file in nginx_process.stored:
        file.unlink()
    return nginx_process


@dataclass(frozen=True)
class Swift:
    endpoint: str
    home: Path
    user: str = "studio:bridge"
    secret: str = "secret"

    def make_bucket(self, name: str) -> None:
        import obstore
        from obstore.store import S3Store

        store = S3Store(
            name,
            config={
                "endpoint": self.endpoint,
                "access_key_id": self.user,
                "secret_access_key": self.secret,
                "region": "us-east-1",
            },
            client_options={"allow_http": True},
        )
        answer = httpx.put(obstore.sign(store, "PUT", "", timedelta(minutes=5)), timeout=60)
        assert answer.status_code == 200, answer.text

    def stored(self) -> list[Path]:
        """Whatever content of objects and of parts of objects lies on the server's disk."""
        return [file for file in (self.home / "disk").rglob("*.data") if file.stat().st_size]


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """A real S3-compatible server with a bucket "bounces"."""
    home = tmp_path_factory.mktemp("swift")
    # The Python that Debian's Swift belongs to is the one that its own programs name.
    first_line = Path(shutil.which("swift-proxy-server") or "").read_text().partition("\n")[0]
    interpreter = first_line.removeprefix("#!").strip()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    process = subprocess.Popen(
        [interpreter, "-W", "ignore", str(SWIFT), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, "Swift did not start"
        peer = Swift(f"http://127.0.0.1:{port}", home)
        peer.make_bucket("bounces")
        yield peer
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@dataclass
class Peer:
    """An HTTP server that does what a test says: for each request in turn, a script is given the open connection."""

    url: str
    scripts: list[Callable[[socket.socket], None]]
    requests: list[bytes] = field(default_factory=list)
    """The heads that came, in order."""


def read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return received, b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


@pytest.fixture
def peer() -> Iterator[Peer]:
    listener = socket.create_server(("127.0.0.1", 0))
    served = Peer(f"http://127.0.0.1:{listener.getsockname()[1]}", [])

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                served.scripts.pop(0)(connection) if served.scripts else None

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture
def bounce(tmp_path: Path) -> Path:
    """12 MiB that no mistake in an offset leaves the same."""
    path = tmp_path / "My Song (final).flac"
    path.write_bytes(array("I", range(3 << 20)).tobytes())
    return path
