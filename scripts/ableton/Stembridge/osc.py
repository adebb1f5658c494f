"""OSC messages as bytes (OSC 1.0, "OSC Messages"): only whole single messages, no bundles and no patterns."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple, Union

Value = Union[int, float, str, bool, None]  # noqa: UP007  (Python 3.7 knows no other)

LARGEST = 65_536
_ADDRESS = re.compile(r"/[\x21\x22\x24-\x29\x2b\x2d-\x3e\x40-\x5a\x5c\x5e-\x7a\x7c\x7e]*")
"""Printable ASCII without the characters that OSC reserves (space # * , ? [ ] { })."""
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_WORDS = {"T": True, "F": False, "N": None}


class Message(NamedTuple):
    """One message."""

    address: str
    values: tuple[Value, ...]


def encode(address: str, *values: Value) -> bytes:
    """Return a message; raises `ValueError` where OSC cannot say it."""
    tags, data = ",", b""
    for value in values:
        tag, content = _encoded(value)
        tags += tag
        data += content
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no address")
    return _padded(address) + _padded(tags) + data


def decode(packet: bytes) -> Message:
    """Return the message in a packet; raises `ValueError` if any byte of it is not as it must be."""
    if len(packet) > LARGEST or len(packet) % 4:
        raise ValueError(f"a packet of {len(packet)} bytes")
    address, at = _text(packet, 0)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no address")
    tags, at = _text(packet, at)
    if tags[:1] != ",":
        raise ValueError("no type tags")
    values: list[Value] = []
    for tag in tags[1:]:
        value, at = _decoded(packet, at, tag)
        values.append(value)
    if at != len(packet):
        raise ValueError("more data than arguments")
    return Message(address, tuple(values))


def _encoded(value: Value) -> tuple[str, bytes]:
    if value is None or isinstance(value, bool):
        return {True: "T", False: "F", None: "N"}[value], b""
    if isinstance(value, str):
        return "s", _padded(value)
    try:
        if isinstance(value, float):
            return "f", struct.pack(">f", value)
        tag = "i" if -(2**31) <= value < 2**31 else "h"
        return tag, struct.pack(_NUMBERS[tag], value)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{value} does not fit") from error


def _decoded(packet: bytes, at: int, tag: str) -> tuple[Value, int]:
    if tag == "s":
        return _text(packet, at)
    if tag in _WORDS:
        return _WORDS[tag], at
    if tag not in _NUMBERS:
        raise ValueError(f"an argument of type {tag!r}")
    size = struct.calcsize(_NUMBERS[tag])
    if at + size > len(packet):
        raise ValueError("fewer data than arguments")
    return struct.unpack_from(_NUMBERS[tag], packet, at)[0], at + size


def _padded(text: str) -> bytes:
    data = text.encode("utf-8")
    if b"\0" in data:
        raise ValueError("a text with a NUL in it")
    return data + bytes(4 - len(data) % 4)


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.find(b"\0", at)
    if end < 0:
        raise ValueError("a text without an end")
    following = end + 4 - end % 4
    if any(packet[end:following]):
        raise ValueError("a text that is not filled up with zeros")
    return packet[at:end].decode("utf-8"), following
