"""Packets in a stream: length-prefixed (OSC 1.0, "OSC Packets") and SLIP (OSC 1.1, which takes RFC 1055).

A stream is SLIP if it begins with END (0xC0). One that begins with "/" or "#" is SLIP whose sender leaves out the
first END: as a length that would be hundreds of megabytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, Protocol

from bridge.errors import PacketError
from bridge.osc.packet import LARGEST

END: Final = b"\xc0"
_ESCAPE: Final = b"\xdb"
_ESCAPED_END: Final = b"\xdb\xdc"
_ESCAPED_ESCAPE: Final = b"\xdb\xdd"
_BAD_ESCAPE = re.compile(rb"\xdb(?![\xdc\xdd])")
_SLIP_STARTS: Final = (END, b"/", b"#")
_LENGTH = struct.Struct(">I")


class Framing(Protocol):
    """One way to put packets into a stream."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the packets that `chunk` completes; raise `PacketError` where the stream is broken for good."""
        ...

    def frame(self, packet: bytes) -> bytes:
        """Return the bytes that carry a packet."""
        ...


class LengthPrefixed:
    """Each packet after its length, four bytes, the highest first."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the packets that `chunk` completes."""
        self._buffer += chunk
        at = 0
        try:
            while len(self._buffer) - at >= _LENGTH.size:
                size: int = _LENGTH.unpack_from(self._buffer, at)[0]
                if not 0 < size <= LARGEST:
                    raise _broken(f"a packet says that it has {size} bytes")
                if len(self._buffer) - at < _LENGTH.size + size:
                    return
                begin, at = at + _LENGTH.size, at + _LENGTH.size + size
                yield bytes(self._buffer[begin:at])
        finally:
            del self._buffer[:at]

    def frame(self, packet: bytes) -> bytes:
        """Return the packet after its length."""
        return _LENGTH.pack(len(packet)) + packet


class Slip:
    """Each packet between END bytes; what lies between two of them and is empty is none."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the packets that `chunk` completes."""
        looked, at = len(self._buffer), 0
        self._buffer += chunk
        try:
            while (end := self._buffer.find(END, looked)) >= 0:
                raw = bytes(self._buffer[at:end])
                at = looked = end + 1
                if raw:
                    yield _unescaped(raw)
        finally:
            del self._buffer[:at]
        if len(self._buffer) > 2 * LARGEST:
            raise _broken(f"a packet has more than {LARGEST} bytes")

    def frame(self, packet: bytes) -> bytes:
        """Return the packet between two ENDs."""
        return END + packet.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(END, _ESCAPED_END) + END


class Detecting:
    """The framing that the first byte tells; an answer before that is length-prefixed."""

    def __init__(self) -> None:
        self._framing: Framing | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the packets that `chunk` completes."""
        if self._framing is None and chunk:
            self._framing = Slip() if chunk.startswith(_SLIP_STARTS) else LengthPrefixed()
        if self._framing is not None:
            yield from self._framing.feed(chunk)

    def frame(self, packet: bytes) -> bytes:
        """Frame a packet in the way that the other end does."""
        return (self._framing or LengthPrefixed()).frame(packet)


def _unescaped(raw: bytes) -> bytes:
    if _BAD_ESCAPE.search(raw):
        raise _broken("an escape of SLIP is followed by neither of its two bytes")
    packet = raw.replace(_ESCAPED_END, END).replace(_ESCAPED_ESCAPE, _ESCAPE)
    if len(packet) > LARGEST:
        raise _broken(f"a packet has more than {LARGEST} bytes")
    return packet


def _broken(why: str) -> PacketError:
    return PacketError(
        f"The stream is broken: {why}.",
        code="osc.stream",
        advice="Send each packet after its length (four bytes, the highest first) or as SLIP, and connect again.",
    )
