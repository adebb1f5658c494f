"""Where the server listens, by its options: the rule about encryption, the socket, the web server."""

from __future__ import annotations

import dataclasses
import socket
import ssl

from bridge.errors import StorageError, UsageError
from bridge.server.options import ServerOptions
from bridge.web.guard import App
from bridge.web.listening import Address, Tls, may_listen
from bridge.web.listening import open_socket as listen
from bridge.web.server import WebServer


def require_guarded(options: ServerOptions) -> None:
    """Raise `UsageError` where keys and audio would cross a network in clear, and nobody said that this is meant."""
    if bool(options.tls_cert) != bool(options.tls_key):
        raise UsageError(
            "[server] tls_cert and tls_key belong together; one of them is missing.",
            advice="Set both, or neither.",
        )
    if not may_listen(options.host, encrypted=bool(options.tls_cert) or options.behind_proxy):
        raise UsageError(
            f"Refusing to listen on {options.host} without TLS: keys and audio would travel in clear.",
            code="server.unguarded",
            advice="Set [server] tls_cert and tls_key; or, where a proxy does that, behind_proxy = true; or host = "
            '"127.0.0.1".',
        )


def open_socket(options: ServerOptions) -> socket.socket:
    """Listen. Raises `StorageError` where the address is taken or not ours."""
    try:
        return listen(Address(options.host, options.port))
    except OSError as error:
        raise StorageError(
            f"The server cannot listen on {options.host}, port {options.port}: {error.strerror or error}.",
            code="server.address",
            advice="Choose another [server] port, or stop what holds this one.",
        ) from error


def web_server(app: App, options: ServerOptions) -> WebServer:
    """Return what serves `app`. Raises `UsageError` where the certificate or its key cannot be used."""
    tls = Tls(options.tls_cert, options.tls_key) if options.tls_cert and options.tls_key else None
    limits = options.connections
    if options.behind_proxy:  # which is one peer, for all clients
        limits = dataclasses.replace(limits, open_per_peer=limits.open)
    try:
        return WebServer(app, tls=tls, limits=limits)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"[server] tls_cert or tls_key cannot be used: {error}.") from error
