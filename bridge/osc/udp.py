"""Listening for datagrams: one blocking socket in one thread, which also handles what it hears.

An event loop takes a fifth of the messages that this takes, and goes deaf on Windows after an answer to a closed port
(cpython 91221, 127057). A second thread that handles them would fight with this one for the interpreter.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections import deque
from typing import Any, Final

from bridge.osc.counters import Counters
from bridge.osc.limits import AllowedHosts
from bridge.osc.packet import LARGEST
from bridge.osc.peers import Handler, Outlet, UdpPeer

log = logging.getLogger(__name__)

_LOOK_S: Final = 0.3
"""How often the thread looks whether it is to end."""
_STOP_S: Final = 1.0
"""How long a stop waits for the thread: it must not hang the bridge's exit."""
_MOST_HELD: Final = 8 * 1024 * 1024
"""Bytes that are taken from the system and not handled yet."""
_OVERHEAD: Final = 512
"""Bytes that Python needs for one more of them."""
_HANDLED_BETWEEN: Final = 4

Heard = tuple[bytes, tuple[Any, ...]]


class UdpListener:
    """The thread that listens. The socket is the caller's, and closed after `stop`."""

    def __init__(
        self, listening: socket.socket, outlet: Outlet, allowed: AllowedHosts, handle: Handler, counters: Counters
    ) -> None:
        """`handle` must never raise."""
        self._socket = listening
        self._eager = listening.dup()
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
        self._eager.setblocking(False)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        self._outlet.knock()
        self._thread.join(_STOP_S)
        self._eager.close()

    def _run(self) -> None:
        complained = False
        while not self._stopping.is_set():
            try:
                heard: Heard = self._socket.recvfrom(LARGEST + 1)
            except (TimeoutError, ConnectionResetError):
                continue  # nobody sent, or (Windows) somebody who got an answer is gone
            except OSError as error:
                if not complained and not self._stopping.is_set():
                    log.warning("listening for OSC over UDP: %s; trying on", error)
                complained = True
                self._stopping.wait(_LOOK_S)
                continue
            if not self._stopping.is_set():
                self._handle_with_all_behind(heard)

    def _handle_with_all_behind(self, first: Heard) -> None:
        """Handle what was heard, taking from the system in between whatever has come meanwhile.

        A burst comes faster than it can be handled, and where the system gives little room it would drop the rest.
        """
        waiting, size = deque([first]), len(first[0]) + _OVERHEAD
        while waiting and not self._stopping.is_set():
            size += self._take_in(waiting, _MOST_HELD - size)
            for _ in range(min(_HANDLED_BETWEEN, len(waiting))):
                packet, address = waiting.popleft()
                size -= len(packet) + _OVERHEAD
                self._take(packet, address)

    def _take_in(self, waiting: deque[Heard], room: int) -> int:
        """Take in what is there, as far as there is room, and return how many bytes that was."""
        taken = 0
        try:
            while taken < room:
                heard: Heard = self._eager.recvfrom(LARGEST + 1)
                waiting.append(heard)
                taken += len(heard[0]) + _OVERHEAD
        except OSError:
            return taken  # that was all; whatever else it is, the thread that waits meets it, too
        return taken

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
