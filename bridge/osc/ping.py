"""The other end: asks a bridge whether it is there."""

from __future__ import annotations

import socket

from pythonosc.osc_message import OscMessage

from bridge.errors import PacketError
from bridge.osc import addresses, outgoing
from bridge.osc.options import Endpoint
from bridge.osc.packet import messages
from bridge.osc.sockets import resolve


def ping(endpoint: Endpoint, wait_s: float) -> str | None:
    """Ping over UDP and return the version that answers, None where nothing does. Raises `OscError`, `OSError`."""
    family, (address, _, *scope) = resolve(endpoint.host)
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(wait_s)
        asking.connect((address, endpoint.port, *scope))
        try:
            asking.send(outgoing.packet(addresses.PING))
            [answer] = messages(asking.recv(4096))
        except (TimeoutError, ConnectionError, PacketError, ValueError):
            return None
    values = OscMessage(answer.packet).params
    return str(values[0]) if answer.address == addresses.PONG and values else None
