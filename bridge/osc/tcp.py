"""Listening for connections: a thread that accepts, and one for each connection."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from bridge.errors import PacketError
from bridge.osc.counters import Counters
from bridge.osc.framing import Detecting
from bridge.osc.limits import AllowedHosts
from bridge.osc.peers import Handler, host_of

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 32
MOST_UNREAD: Final = 1024 * 1024
"""Bytes that may wait for a client; one that leaves more unread is closed."""
_CHUNK: Final = 64 * 1024
_LOOK_S: Final = 0.3
"""How often a thread looks whether it is to end."""
_FLUSH_S: Final = 0.02
"""How soon it looks again whether a client that reads slowly takes more."""
_LINGER_S, _LINGER_CHUNKS = 0.2, 64
_STOP_S: Final = 1.0
"""How long a stop waits for all threads together: none of them may hang the bridge's exit."""


class Connection:
    """One client over TCP."""

    def __init__(self, connected: socket.socket, host: str, counters: Counters) -> None:
        """Take over the socket."""
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket = connected
        self._host = host
        self._counters = counters
        self._framing = Detecting()
        self._lock = threading.Lock()
        self._unsent = bytearray()
        self._gone = False
        self._lingers = False

    @property
    def host(self) -> str:
        """The client's numeric address."""
        return self._host

    @property
    def is_stream(self) -> bool:
        """Yes."""
        return True

    def send(self, packet: bytes) -> bool:
        """Send at once, or keep it until the client reads; False if the connection is over."""
        with self._lock:
            if not self._gone and not self._lingers:
                self._unsent += self._framing.frame(packet)
                self._flush()
                if len(self._unsent) > MOST_UNREAD:
                    log.warning("an OSC client at %s does not read what it is sent: closed", self._host)
                    self._end()
            here = not self._gone and not self._lingers
            self._counters.add("sent" if here else "dropped")
            return here

    def close(self) -> None:
        """End the connection; its thread then closes the socket."""
        with self._lock:
            self._end()

    def serve(self, handle: Callable[[bytes], None], on_broken: Callable[[PacketError], None]) -> None:
        """Handle packets until the connection ends, from either side or because the stream is broken."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, selectors.EVENT_READ)
                while not self._gone:
                    ready = selector.select(_FLUSH_S if self._unsent else _LOOK_S)
                    if self._unsent:
                        with self._lock:
                            self._flush()
                    if ready and not self._read(handle):
                        return
        except PacketError as error:
            on_broken(error)
            self._linger()
        except OSError as error:
            log.debug("the OSC connection from %s ended: %s", self._host, error)
        finally:
            with self._lock:
                self._end()
                self._socket.close()

    def _read(self, handle: Callable[[bytes], None]) -> bool:
        try:
            chunk = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return True
        for packet in self._framing.feed(chunk):
            handle(packet)
        return bool(chunk)

    def _linger(self) -> None:
        """Let the client read the last answer: a connection closed over unread bytes takes it away again."""
        try:
            with self._lock:
                self._lingers = True
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(_LINGER_S)
            for _ in range(_LINGER_CHUNKS):
                if not self._socket.recv(_CHUNK):
                    return
        except OSError:
            return  # it said no more in that time, or is gone

    def _flush(self) -> None:
        try:
            while self._unsent and not self._gone:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._end()

    def _end(self) -> None:
        if not self._gone:
            self._gone = True
            self._unsent.clear()
            self._framing = Detecting()  # others may keep the connection in mind for a while, but not its bytes
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was first


class TcpListener:
    """The thread that accepts. The listening socket is the caller's, and closed after `stop`."""

    def __init__(
        self,
        listening: socket.socket,
        allowed: AllowedHosts,
        handle: Handler,
        on_broken: Callable[[PacketError, Connection], None],
        counters: Counters,
    ) -> None:
        """`handle` and `on_broken` must never raise."""
        self._socket = listening
        self._allowed = allowed
        self._handle = handle
        self._on_broken = on_broken
        self._counters = counters
        self._complained = False
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._thread = threading.Thread(target=self._run, name="osc-tcp", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._socket.settimeout(_LOOK_S)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more and end every connection."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # the thread looks up at once, where the system can do that
        end = time.monotonic() + _STOP_S
        self._thread.join(_STOP_S)
        with self._lock:
            connections = dict(self._open)
        for connection in connections:
            connection.close()
        for thread in connections.values():
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connected, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                self._complain(error)
                self._stopping.wait(_LOOK_S)
                continue
            self._take(connected, host_of(address))

    def _complain(self, why: object) -> None:
        """Log, once, that there are too many connections, open files or threads: that passes."""
        if not self._complained and not self._stopping.is_set():
            log.warning("an OSC connection could not be taken: %s; the next ones are tried all the same", why)
            self._complained = True

    def _take(self, connected: socket.socket, host: str) -> None:
        if not self._allowed.allows(host):
            self._refuse(connected)
            return
        if len(self._open) >= MOST_CONNECTIONS:
            self._complain(f"{MOST_CONNECTIONS} are open already")
            self._refuse(connected)
            return
        try:
            connection = Connection(connected, host, self._counters)
        except OSError:
            connected.close()  # gone again already
            return
        thread = threading.Thread(target=self._serve, args=(connection,), name="osc-tcp-client", daemon=True)
        try:
            with self._lock:  # which the thread needs for its end, so that it finds itself there
                thread.start()
                self._open[connection] = thread
        except RuntimeError as error:
            self._complain(error)
            self._refuse(connected)

    def _refuse(self, connected: socket.socket) -> None:
        self._counters.add("refused")
        connected.close()

    def _serve(self, connection: Connection) -> None:
        def handle(packet: bytes) -> None:
            self._counters.add("received")
            self._handle(packet, connection)

        try:
            connection.serve(handle, lambda error: self._on_broken(error, connection))
        finally:
            with self._lock:
                del self._open[connection]
