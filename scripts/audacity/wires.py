"""The two pipes of Audacity's mod-script-pipe, as bytes: what goes in, what comes out, and never a wait without end.

Audacity makes them when it starts and serves one client after the other; between two it has none for a moment. On Linux
and macOS they are FIFOs in /tmp whose names end in the user's number; a FIFO opened without O_NONBLOCK waits for ever
where nobody holds its other end, as after a crash, or after a second Audacity has put new pipes in the place of the
first one's.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from typing import Final, Protocol

from scripts.audacity.trouble import NoAudacity

_HELP: Final = "Start Audacity, switch mod-script-pipe on under Edit > Preferences > Modules, and start Audacity again."
_PATIENCE_S: Final = 2.0
"""Audacity removes its pipes and makes new ones after each client."""
_LOCKED_S: Final = 30.0
_PAUSE_S: Final = 0.02


class Wires(Protocol):
    """Both pipes, open."""

    def send(self, line: bytes) -> None:
        """Send one command. Raises NoAudacity where Audacity has gone."""
        ...

    def receive(self, deadline: float) -> bytes:
        """Return what has come, at least a byte; nothing where the deadline (of time.monotonic) has passed."""
        ...

    def close(self) -> None:
        """Let the next client in."""
        ...


class _NotNow(Exception):
    """The pipes cannot be had at this moment. The message is a sentence."""


class _Locked(_NotNow):
    """Another importer has them."""

    def __init__(self) -> None:
        super().__init__("Another script is talking to Audacity. Try again when it is done.")


def connect() -> Wires:
    """Open Audacity's pipes. Raises NoAudacity; also where another script holds them for long."""
    began = time.monotonic()
    while True:
        try:
            return _Pair()
        except _NotNow as error:
            if time.monotonic() - began > (_LOCKED_S if isinstance(error, _Locked) else _PATIENCE_S):
                raise NoAudacity(str(error)) from error
        time.sleep(_PAUSE_S)


if sys.platform == "win32":
    import contextlib
    import errno
    import queue
    import threading
    from io import FileIO

    class _Pair:
        """Named pipes. They know no waiting with an end, so a thread of its own reads."""

        def __init__(self) -> None:
            """Raises _NotNow."""
            self._to = _open(r"\\.\pipe\ToSrvPipe", "wb")
            try:
                self._from = _open(r"\\.\pipe\FromSrvPipe", "rb")
            except BaseException:
                self._to.close()
                raise
            self._blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
            threading.Thread(target=self._read, daemon=True).start()

        def _read(self) -> None:
            # An error: Audacity has gone, and the next command says so.
            with self._from, contextlib.suppress(OSError):
                while block := self._from.read(4096):
                    self._blocks.put(block.replace(b"\r\n", b"\n").replace(b"\0", b""))

        def send(self, line: bytes) -> None:
            try:
                self._to.write(line + b"\r\n\0")
            except OSError as error:
                raise NoAudacity("Audacity was closed.") from error

        def receive(self, deadline: float) -> bytes:
            try:
                return self._blocks.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return b""

        def close(self) -> None:
            # Closing the one that is being read would wait for the reader, which closes it when Audacity lets go.
            self._to.close()

    def _open(name: str, mode: str) -> FileIO:
        try:
            return FileIO(name, mode)
        except FileNotFoundError as error:
            raise _NotNow(f"Audacity is not running, or does not listen to scripts. {_HELP}") from error
        except OSError as error:
            if error.errno == errno.EINVAL:
                # What C makes of ERROR_PIPE_BUSY.
                raise _Locked from error
            raise _NotNow(f"Audacity no longer listens to scripts ({error.strerror}). {_HELP}") from error

else:
    import fcntl

    class _Pair:
        def __init__(self) -> None:
            """Raises _NotNow."""
            self._to = _open("to", os.O_WRONLY)
            try:
                # Keeps other importers out until this one closes the pipe, or dies.
                fcntl.flock(self._to, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._from = _open("from", os.O_RDONLY)
            except BlockingIOError as error:
                os.close(self._to)
                raise _Locked from error
            except BaseException:
                os.close(self._to)
                raise
            os.set_blocking(self._to, True)

        def send(self, line: bytes) -> None:
            try:
                os.write(self._to, line + b"\n")
            except BrokenPipeError as error:
                raise NoAudacity("Audacity was closed.") from error

        def receive(self, deadline: float) -> bytes:
            while (left := deadline - time.monotonic()) > 0:
                if select.select([self._from], [], [], left)[0]:
                    try:
                        block = os.read(self._from, 65_536)
                    except BlockingIOError:
                        continue
                    if block:
                        return block
                    # Nobody holds the other end: not yet, or no more.
                    if not _has_reader():
                        raise NoAudacity("Audacity was closed.")
                    time.sleep(_PAUSE_S)
            return b""

        def close(self) -> None:
            os.close(self._to)
            os.close(self._from)

    def _path(way: str) -> str:
        return f"/tmp/audacity_script_pipe.{way}.{os.getuid()}"

    def _open(way: str, flags: int) -> int:
        try:
            pipe = os.open(_path(way), flags | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise _NotNow(f"Audacity is not running, or does not listen to scripts. {_HELP}") from error
        except OSError as error:
            # Above all ENXIO: nobody holds the other end.
            raise _NotNow(f"Audacity no longer listens to scripts ({error.strerror}). {_HELP}") from error
        status = os.fstat(pipe)
        if not stat.S_ISFIFO(status.st_mode) or status.st_uid != os.getuid():
            # Everybody may make files in /tmp: only the musician's own pipe is one to talk to.
            os.close(pipe)
            raise _NotNow(f"{_path(way)} was not made by your Audacity. Remove it and start Audacity again.")
        return pipe

    def _has_reader() -> bool:
        try:
            os.close(os.open(_path("to"), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            return False
        return True
