"""Where a connection may break, and what is known then: whether the request can have arrived."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.errors import AnswerLost, CloudError, NotSent, OutcomeUnknown, ProtocolError
from bridge.protocol.messages import CreateRequest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.separation.api.conftest import Connect, Peer, Service

ORDER = CreateRequest(350, "https://files.example/mix.flac")
JOB = "33b6251d7ba94edea8361c318736e746"

Script = Callable[[socket.socket], None]


def take_request(connection: socket.socket) -> None:
    """Read one whole request."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError
        head += part
    head, _, body = head.partition(b"\r\n\r\n")
    length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).split()[1])
    while len(body) < length:
        body += connection.recv(65536)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def after_the_request(answer: bytes, end: Script = lambda connection: None) -> Script:
    def script(connection: socket.socket) -> None:
        take_request(connection)
        connection.sendall(answer)
        end(connection)

    return script


def hang(connection: socket.socket) -> None:
    connection.recv(1)  # until the client gives up


BODY = b'{"code": 100000, "data": {"job_id": "33b6251d7ba94edea8361c318736e746"}, "message": "Request Success"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)

CUTS: dict[str, Script] = {
    "closed at once": lambda connection: None,
    "closed within the request": hang,
    "reset after the request": after_the_request(b"", reset),
    "closed after the request": after_the_request(b""),
    "silent after the request": after_the_request(b"", hang),
    "cut within the status": after_the_request(b"HTTP/1.1 2"),
    "cut within the headers": after_the_request(HEAD[:40]),
    "cut before the body": after_the_request(HEAD),
    "cut within the body": after_the_request(HEAD + BODY[:30]),
    "reset within the body": after_the_request(HEAD + BODY[:30], reset),
    "silent within the body": after_the_request(HEAD + BODY[:30], hang),
    "cut within a chunk": after_the_request(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + BODY[:30]),
    "no HTTP": after_the_request(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "wrongly packed": after_the_request(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
    "redirected to nonsense": after_the_request(b"HTTP/1.1 302 Found\r\nLocation: mailto:x\r\n\r\n"),
    "endless": after_the_request(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(5 << 20)),
}


@pytest.mark.parametrize("cut", CUTS)
def test_an_order_that_was_cut_off_is_of_unknown_outcome_and_went_out_once(
    peer: Peer, connect: Connect, cut: str
) -> None:
    peer.script = CUTS[cut]
    with pytest.raises(OutcomeUnknown):
        connect(peer.url, read_s=0.3).create(ORDER)
    assert peer.connections == 1


@pytest.mark.parametrize("cut", CUTS)
def test_a_question_that_was_cut_off_may_be_asked_again(peer: Peer, connect: Connect, cut: str) -> None:
    peer.script = CUTS[cut]
    with pytest.raises(AnswerLost) as raised:
        connect(peer.url, read_s=0.3).get(JOB)
    assert raised.value.retryable


def test_a_connection_reset_at_once_was_perhaps_never_made(peer: Peer, connect: Connect) -> None:
    peer.script = reset
    with pytest.raises((NotSent, OutcomeUnknown)):
        connect(peer.url).create(ORDER)
    assert peer.connections == 1


def test_an_order_never_goes_out_where_nobody_listens(connect: Connect, nobody: str) -> None:
    with pytest.raises(NotSent) as raised:
        connect(nobody).create(ORDER)
    assert raised.value.retryable
    assert not raised.value.parked


def test_an_order_never_goes_out_to_a_name_that_nobody_has(connect: Connect) -> None:
    with pytest.raises(NotSent):
        connect("http://service.invalid").create(ORDER)


def test_an_order_never_goes_out_through_a_proxy_that_is_not_there(connect: Connect, nobody: str) -> None:
    for url in ("http://separate.example", "https://separate.example"):
        with pytest.raises(NotSent):
            connect(url, proxy=nobody).create(ORDER)


def test_an_order_never_goes_out_through_a_proxy_that_refuses_the_tunnel(peer: Peer, connect: Connect) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    peer.script = refuse
    with pytest.raises(NotSent):
        connect("https://separate.example", proxy=peer.url).create(ORDER)


def test_an_order_never_goes_out_where_no_tls_is_spoken(peer: Peer, connect: Connect) -> None:
    peer.script = lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(NotSent):
        connect(peer.url.replace("http:", "https:")).create(ORDER)


def test_an_order_goes_out_on_a_connection_of_its_own(peer: Peer, connect: Connect) -> None:
    # A kept connection may be closed by the peer while the order is on its way, and nobody could say if it arrived.
    after: list[bytes] = []

    def script(connection: socket.socket) -> None:
        after_the_request(HEAD + BODY)(connection)
        after.append(connection.recv(1))

    peer.script = script
    client = connect(peer.url)
    client.create(ORDER)
    client.create(ORDER)
    assert peer.connections == 2
    assert b"P" not in after


def test_a_drip_of_bytes_ends_at_the_deadline_of_the_whole(peer: Peer, connect: Connect) -> None:
    def drip(connection: socket.socket) -> None:
        take_request(connection)
        connection.sendall(HEAD)
        while True:
            connection.sendall(b" ")
            stop.wait(0.05)

    stop = threading.Event()
    peer.script = drip
    with pytest.raises(OutcomeUnknown, match="does not end"):
        connect(peer.url, whole_s=0.5).create(ORDER)
    stop.set()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a certificate for "localhost" that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))
    return path


@pytest.fixture
def studio(peer: Peer, certificate: Path) -> str:
    """Return the URL of a server that speaks TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            after_the_request(HEAD + BODY)(secured)

    peer.script = serve
    return peer.url.replace("http://127.0.0.1", "https://localhost")


def test_a_studios_own_authority_is_trusted_where_it_is_configured(
    studio: str, connect: Connect, certificate: Path
) -> None:
    assert connect(studio, ca=certificate).create(ORDER) == JOB


def test_a_certificate_that_nobody_vouches_for_is_no_matter_of_waiting(studio: str, connect: Connect) -> None:
    with pytest.raises(CloudError) as raised:
        connect(studio).create(ORDER)
    assert (raised.value.code, raised.value.retryable) == ("service.certificate", False)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "data:,x", "vocals.wav", "//x/y", "http://", "x:\0"]
)
def test_only_http_is_fetched(connect: Connect, nobody: str, url: str) -> None:
    with pytest.raises(ProtocolError), connect(nobody).wire.fetch(url, {}):
        pass


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y"])
def test_only_http_is_fetched_after_a_redirect_too(service: Service, connect: Connect, location: str) -> None:
    service.always("", 302, Location=location)
    with pytest.raises(ProtocolError), connect(service.url).wire.fetch(service.url, {}):
        pass


def test_a_redirect_without_end_ends(service: Service, connect: Connect) -> None:
    service.always("", 302, Location="/again")
    with pytest.raises(ProtocolError, match="without an end"), connect(service.url).wire.fetch(service.url, {}):
        pass
    assert len(service.calls) == 6


def test_a_download_never_carries_the_key(service: Service, connect: Connect) -> None:
    service.always("audio")
    with connect(service.url).wire.fetch(f"{service.url}/v.wav", {}) as incoming:
        assert b"".join(incoming.chunks()) == b"audio"
    assert "api-key" not in service.calls[0].headers
