"""Running an ASGI application on a socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import socket
from collections.abc import Iterable

import uvicorn

from bridge.web.connections import GuardedConfig, GuardedConnection, OpenConnections
from bridge.web.guard import App, Guard
from bridge.web.listening import ConnectionLimits, Tls, raise_file_limit

GRACE_S = 4
"""How long answers under way may still take after a stop."""
_OTHER_FILES = 256
"""What a process opens besides connections: databases, stored files, pipes."""
_FEWEST_CONNECTIONS = 16


class WebServer:
    """Serves one application, guarded and with limits on its connections."""

    def __init__(
        self, app: App, *, tls: Tls | None = None, limits: ConnectionLimits | None = None, cut_at_stop: bool = False
    ) -> None:
        """With `cut_at_stop` a stop cuts every connection.

        Raises `OSError` (also `ssl.SSLError`) where the certificate or its key cannot be used.
        """
        wanted = limits or ConnectionLimits()
        room = raise_file_limit(wanted.open + _OTHER_FILES) - _OTHER_FILES
        wanted = dataclasses.replace(wanted, open=max(_FEWEST_CONNECTIONS, min(wanted.open, room)))
        config = GuardedConfig(
            Guard(app),
            http=GuardedConnection,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=int(wanted.head_s) + 1,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=tls.cert if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        config.connections = OpenConnections(wanted)
        config.load()
        self._server = _CuttingServer(config) if cut_at_stop else uvicorn.Server(config)

    def stop(self) -> None:
        """Make `serve` return soon. May be called from any thread, and from a signal's handler."""
        self._server.should_exit = True

    def stop_at_signals(self, numbers: Iterable[int]) -> None:
        """Stop at these signals. While it serves, uvicorn handles SIGINT and SIGTERM, and passes them on here after."""
        for number in numbers:
            signal.signal(number, lambda *_: self.stop())

    def serve(self, listening: socket.socket) -> None:
        """Serve on a socket until stopped; the socket is closed then."""
        asyncio.run(self._server.serve([listening]))


class _CuttingServer(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, GuardedConnection):
                connection.close()
        await super().shutdown(sockets)
