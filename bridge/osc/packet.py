"""A strict look at a packet, before any library reads it (OSC 1.0: "OSC Packets", "OSC Messages", "OSC Bundles").

A library that trusts a size, a time tag or an address pattern can be made to hang, sleep or recurse by one datagram. So
every byte is accounted for here, and only single well-formed messages go on. Time tags are passed over: what arrives
is done at once.
"""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

from bridge.errors import PacketError

LARGEST: Final = 64 * 1024
"""Bytes in a packet."""
LARGEST_BUNDLE: Final = 16 * 1024
"""Bytes in a bundle. What it holds is decoded, which takes python-osc up to 0.1 ms for each KiB of text."""
DEEPEST: Final = 8
"""Bundles within each other."""
MOST_ELEMENTS: Final = 32
"""Messages and bundles in a packet, so that the fullest one, too, is dealt with in a few milliseconds."""
MOST_ARGUMENTS: Final = 64

_BUNDLE: Final = b"#bundle\0"
_BUNDLE_HEAD: Final = 16
_ADDRESS = re.compile(rb'/[!"$-)+\x2d-\x3e@-Z\\^-z|~]*')
"""Printable ASCII without the characters that OSC reserves (space # * , ? [ ] { })."""
_PATTERN = re.compile(rb"[*?\[\]{}]|//")
_TAGS = re.compile(rb",[ifsbhtdTFNrm\[\]]*")
_FIXED: Final = {"i": 4, "f": 4, "r": 4, "m": 4, "h": 8, "t": 8, "d": 8, "T": 0, "F": 0, "N": 0, "[": 0, "]": 0}
_LENGTH = struct.Struct(">i")


class Found(NamedTuple):
    """A single well-formed message."""

    address: str
    tags: str
    """The type tags without their comma."""
    packet: bytes
    """The message by itself: a packet that any OSC library decodes."""


def messages(packet: bytes) -> list[Found]:
    """Return the messages of a packet in their order, those of its bundles included.

    Raises `PacketError` if anything in it is wrong: a packet is taken as a whole or not at all.
    """
    if len(packet) > LARGEST:
        raise PacketError(f"The packet has {len(packet)} bytes; {LARGEST} are the most that are taken.")
    if len(packet) > LARGEST_BUNDLE and packet[:1] == b"#":
        raise PacketError(f"The bundle has {len(packet)} bytes; {LARGEST_BUNDLE} are the most that are taken.")
    found: list[Found] = []
    _element(packet, 0, found, [MOST_ELEMENTS])
    return found


def _element(data: bytes, depth: int, found: list[Found], left: list[int]) -> None:
    """Add the messages of a message or bundle; `left` holds how many more elements the packet may have."""
    if left[0] == 0:
        raise PacketError(f"The packet has more than {MOST_ELEMENTS} messages and bundles.")
    left[0] -= 1
    if data[:1] == b"/":
        found.append(_message(data))
    elif data[:8] == _BUNDLE:
        _bundle(data, depth + 1, found, left)
    else:
        raise PacketError("The packet begins neither with an address nor as a bundle.")


def _bundle(data: bytes, depth: int, found: list[Found], left: list[int]) -> None:
    if depth > DEEPEST:
        raise PacketError(f"The packet has bundles more than {DEEPEST} deep.")
    if len(data) < _BUNDLE_HEAD:
        raise PacketError("The bundle is cut off in its time tag.")
    at = _BUNDLE_HEAD
    while at < len(data):
        if len(data) - at < 4:
            raise PacketError("The bundle is cut off in the size of an element.")
        size = _LENGTH.unpack_from(data, at)[0]
        at += 4
        if size <= 0 or size % 4:
            raise PacketError(f"A bundle's element says that it has {size} bytes; that must be a multiple of 4 over 0.")
        if size > len(data) - at:
            raise PacketError(f"A bundle's element says that it has {size} bytes, and {len(data) - at} are left.")
        _element(data[at : at + size], depth, found, left)
        at += size


def _message(data: bytes) -> Found:
    if len(data) % 4:
        raise PacketError(f"The message has {len(data)} bytes; that must be a multiple of 4.")
    address, at = _string(data, 0, "")
    if not _ADDRESS.fullmatch(address):
        raise _bad_address(address)
    name = address.decode("ascii")
    if b"//" in address:
        raise _bad_address(address)
    if data[at : at + 1] != b",":
        raise PacketError(
            "The message has no type tags.",
            code="osc.type",
            address=name,
            advice='Send "," after the address, even where there are no arguments.',
        )
    raw, at = _string(data, at, name)
    if not _TAGS.fullmatch(raw) or len(raw) > MOST_ARGUMENTS + 1:
        raise _bad_tags(raw, name)
    tags = raw[1:].decode("ascii")
    end = _arguments(data, at, tags, name) if tags else at
    if end != len(data):
        raise PacketError(f"{len(data) - end} bytes are left over after the arguments.", address=name)
    return Found(name, tags, data)


def _arguments(data: bytes, at: int, tags: str, address: str) -> int:
    """Return where the arguments end."""
    depth = 0
    for tag in tags:
        if tag == "s":
            at = _text(data, at, address)
        elif tag == "b":
            at = _blob(data, at, address)
        else:
            at += _FIXED[tag]
            depth += (tag == "[") - (tag == "]")
        if at > len(data):
            raise PacketError("The message is cut off in its arguments.", address=address)
        if depth < 0:
            break
    if depth:
        raise PacketError("The brackets in the type tags do not match.", code="osc.type", address=address)
    return at


def _text(data: bytes, at: int, address: str) -> int:
    text, end = _string(data, at, address)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PacketError("A string is not UTF-8.", address=address) from error
    return end


def _blob(data: bytes, at: int, address: str) -> int:
    size = _LENGTH.unpack_from(data, at)[0] if len(data) - at >= 4 else -1
    if size < 0 or size > len(data) - at - 4:
        raise PacketError("A blob is longer than the message.", address=address)
    return at + 4 + (size + 3 & ~3)


def _string(data: bytes, at: int, address: str) -> tuple[bytes, int]:
    """Return the string that begins at `at`, and where its padding ends."""
    end = data.find(0, at)
    after = (end & ~3) + 4
    if end < 0 or after > len(data):
        raise PacketError("A string has no end.", address=address)
    if data[end:after] != b"\0\0\0\0"[: after - end]:
        raise PacketError("A string is not padded with zeros.", address=address)
    return data[at:end], after


def _bad_address(address: bytes) -> PacketError:
    if not (address.isascii() and address.decode("ascii").isprintable()):
        return PacketError("The address is not printable ASCII.")
    name = address.decode("ascii")
    if _PATTERN.search(address):
        return PacketError(
            "An address with a pattern (* ? [ ] { } //) is not taken.",
            code="osc.pattern",
            address=name,
            advice="Send the whole address.",
        )
    return PacketError("The address has a character that OSC reserves (space # ,).", address=name)


def _bad_tags(raw: bytes, address: str) -> PacketError:
    if len(raw) > MOST_ARGUMENTS + 1:
        return PacketError(f"The message has more than {MOST_ARGUMENTS} arguments.", address=address)
    bad = next(chr(byte) for byte in raw[1:] if not _TAGS.fullmatch(b"," + bytes([byte])))
    return PacketError(
        f"An argument of type {bad!r} is not taken.",
        code="osc.type",
        address=address,
        advice="Send strings (s), whole numbers (i) and numbers (f).",
    )
