"""A port for a server that a test starts, stops and starts again."""

from __future__ import annotations

import random
import socket

RANGE = range(20_000, 30_000)
"""Below the ports that a system gives to outgoing connections: while our server is down, nobody else takes it."""


def free_port() -> int:
    """Return a port of loopback that nobody has, for UDP and TCP. Drawn by chance: other runs draw here, too."""
    dice = random.SystemRandom()
    while True:
        port = dice.choice(RANGE)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
