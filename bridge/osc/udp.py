"""Listening for datagrams: one blocking socket in one thread, which also handles what it hears.

An event loop takes a fifth of the messages that this takes, and goes deaf on Windows after an answer to a closed port
(cpython 91221, 127057). A second thread that handles them would fight with this one for the interpreter.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final

from bridge.osc.counters import Counters
from bridge.osc.hosts import AllowedHosts
from bridge.osc.packet import LARGEST
from bridge.osc.peers import Outlet, Peer, UdpPeer

log = logging.getLogger(__name__)

_LOOK_S: Final = 0.3
"""How often the thread looks whether it is to end."""

Handler = Callable[[bytes, Peer], None]


class UdpListener:
    """The thread that listens. The socket is the caller's, and closed after `stop`."""

    def __init__(
        self, listening: socket.socket, outlet: Outlet, allowed: AllowedHosts, handle: Handler, counters: Counters
    ) -> None:
        """`handle` must never raise."""
        self._socket = listening
        self._outlet = outlet
        self._allowed = allowed
        self._handle = handle
        self._counters = counters
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc-udp", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        if sys.platform == "win32":
            _pass_over_resets(self._socket)
        self._socket.settimeout(_LOOK_S)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        complained = False
        while not self._stopping.is_set():
            try:
                packet, address = self._socket.recvfrom(LARGEST + 1)
            except (TimeoutError, ConnectionResetError):
                continue  # nobody sent, or (Windows) somebody who got an answer is gone
            except OSError as error:
                if not complained:
                    log.warning("listening for OSC over UDP: %s; trying on", error)
                complained = True
                self._stopping.wait(_LOOK_S)
                continue
            self._take(packet, address)

    def _take(self, packet: bytes, address: tuple[object, ...]) -> None:
        if not self._allowed.allows(str(address[0])):
            self._counters.add("refused")
            return
        self._counters.add("received")
        self._handle(packet, UdpPeer(self._outlet, address))


if sys.platform == "win32":

    def _pass_over_resets(listening: socket.socket) -> None:
        """Have Windows not report as our own failure that a port we answered to was closed (SIO_UDP_CONNRESET)."""
        import ctypes

        control, off, returned = 0x9800000C, ctypes.c_ulong(0), ctypes.c_ulong(0)
        ctypes.windll.ws2_32.WSAIoctl(
            ctypes.c_size_t(listening.fileno()),
            ctypes.c_ulong(control),
            ctypes.byref(off),
            ctypes.sizeof(off),
            None,
            0,
            ctypes.byref(returned),
            None,
            None,
        )
