"""Who may reach the server, and the loop that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import ssl
from typing import Any

import uvicorn

from bridge.errors import StorageError, UsageError
from bridge.server.options import ServerOptions

GRACE_S = 4
"""How long answers under way may still take after a stop."""
_IDLE_S = 30
_BACKLOG = 2048


def require_guarded(options: ServerOptions) -> None:
    """Raise `UsageError` where keys and music would cross a network unencrypted and nobody said that it is meant."""
    if bool(options.tls_cert) != bool(options.tls_key):
        raise UsageError("[server] tls_cert and tls_key belong together; one of them is missing.")
    if options.tls_cert or options.behind_proxy or _only_this_machine(options.host):
        return
    raise UsageError(
        f"The server would listen on {options.host} without encryption, for anybody to read along.",
        code="server.unguarded",
        advice="Set [server] tls_cert and tls_key; or, where a proxy does that, behind_proxy = true; or host = "
        '"127.0.0.1".',
    )


def open_socket(options: ServerOptions) -> socket.socket:
    """Listen. Raises `StorageError` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        made = socket.create_server((options.host, options.port), family=family, backlog=_BACKLOG)
        # asyncio sends small answers at once (TCP_NODELAY) only where a socket says that it is TCP, which this one does
        # not by itself: each answer would wait 40 ms for the peer's acknowledgement of its first half.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())
    except OSError as error:
        raise StorageError(
            f"The server cannot listen on {options.host}, port {options.port}: {error.strerror or error}.",
            code="server.address",
            advice="Choose another [server] port, or stop what holds this one.",
        ) from error


class Listener:
    """Serves an application on a socket."""

    def __init__(self, app: Any, options: ServerOptions) -> None:
        """Raises `UsageError` where the certificate or its key cannot be used."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=options.tls_cert,
            ssl_keyfile=options.tls_key,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"[server] tls_cert or tls_key cannot be used: {error}.") from error
        self._server = uvicorn.Server(config)

    def stop(self) -> None:
        """Make `serve` return soon. May be called from any thread, and from a signal's handler."""
        self._server.should_exit = True

    def stop_at_signals(self) -> None:
        """Let Ctrl-C and SIGTERM stop it. uvicorn takes them over meanwhile, and passes them on here after."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())

    def serve(self, listening: socket.socket) -> None:
        """Serve until stopped."""
        asyncio.run(self._server.serve([listening]))


def _only_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
