"""Packets that have stopped OSC servers, large ones and well-formed ones; and ways to damage them."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from bridge.osc.addresses import INCOMING, LONGEST, OUTGOING
from bridge.osc.outgoing import packet
from bridge.osc.packet import LARGEST, LARGEST_BUNDLE

AT_ONCE = struct.pack(">Q", 1)
IN_A_CENTURY = struct.pack(">II", 0xFFFFFFFF, 0)
NASTY_INTS = (0, 1, 3, 4, -1, -4, -8, 2**31 - 1, -(2**31), 0x10000, 0x40000000)


def bundle(*elements: bytes, time_tag: bytes = AT_ONCE) -> bytes:
    """Return a bundle."""
    return b"#bundle\0" + time_tag + b"".join(struct.pack(">i", len(each)) + each for each in elements)


def nested(depth: int, inside: bytes) -> bytes:
    """Return bundles within each other."""
    for _ in range(depth):
        inside = bundle(inside)
    return inside


PING = packet("/stembridge/ping")

KILLERS: dict[str, bytes] = {
    "element size -4: python-osc loops for ever": b"#bundle\0" + AT_ONCE + struct.pack(">i", -4),
    "element size 0": b"#bundle\0" + AT_ONCE + struct.pack(">i", 0),
    "element size beyond the packet": b"#bundle\0" + AT_ONCE + struct.pack(">i", 2**31 - 4) + PING,
    "element size not a multiple of four": b"#bundle\0" + AT_ONCE + struct.pack(">i", 6) + b"/a\0\0,\0",
    "future time tag: python-osc sleeps": bundle(PING, time_tag=IN_A_CENTURY),
    "invalid UTF-8": b"/stembridge/ping\0\0\0\0,s\0\0\xff\xfe\xfd\0",
    "500 nested bundles: python-osc recurses": nested(500, PING),
    "12 stars: 4 s of regular expression": b"/" + b"*a" * 12 + b"\0\0\0,\0\0\0",
    "tag I: dropped, and the arguments shift": b"/stembridge/ping\0\0\0\0,Is\0x\0\0\0",
    "SLIP in a datagram": b"\xc0" + PING + b"\xc0",
    "string without an end": b"/stembridge/ping\0\0\0\0,s\0\0abcd",
    "address without an end": b"/stembridge/pin",
    "no type tags": b"/stembridge/ping\0\0\0\0",
    "blob longer than the message": b"/stembridge/ping\0\0\0\0,b\0\0" + struct.pack(">i", 2**31 - 1),
    "blob of negative length": b"/stembridge/ping\0\0\0\0,b\0\0" + struct.pack(">i", -4),
    "brackets": b"/stembridge/ping\0\0\0\0,]][\0\0\0\0",
    "not a number": packet("/stembridge/subscribe", "ff", float("nan"), float("inf")),
    "empty": b"",
}

LARGE: dict[str, bytes] = {
    "a string as large as a packet": packet("/stembridge/ping", "s", "a" * (LARGEST - 40)),
    "a path as long as one may be": packet("/stembridge/separate", "s", "/" + "a" * (LONGEST - 50)),
    "an address as large as a packet": b"/" + b"a" * (LARGEST - 9) + b"\0\0\0\0,\0\0\0",
    "stars as many as fit": b"/" + b"*" * (LARGEST - 9) + b"\0\0\0\0,\0\0\0",
    "type tags as many as fit": b"/a\0\0," + b"T" * (LARGEST - 9) + b"\0\0\0\0",
    "messages as many as fit": bundle(*[PING] * (LARGEST_BUNDLE // 32)),
    "as many messages as are taken, as large as they may be": bundle(
        *[packet("/stembridge/separate", "s", "/" + "a" * 480)] * 31
    ),
    "empty bundles as many as fit": bundle(*[bundle()] * (LARGEST_BUNDLE // 20 - 1)),
    "a bundle as large as a packet": bundle(packet("/stembridge/ping", "s", "a" * (LARGEST - 60))),
    "too large": b"/" * (LARGEST + 1),
}

ARGUMENTS: dict[str, str | float] = {"s": "some text", "i": 9000, "f": 0.5}

GOOD: list[bytes] = [
    packet(row.path, tags, *[ARGUMENTS[tag] for tag in tags])
    for row in (*INCOMING.values(), *OUTGOING.values())
    for tags in {
        "".join(argument.types[0] for argument in row.arguments),
        "".join(argument.types[0] for argument in row.arguments if not argument.optional),
    }
]
GOOD += [bundle(*GOOD[:8]), nested(8, PING)]

Damage = Callable[[random.Random, bytearray], None]


def _flip(chance: random.Random, data: bytearray) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _replace(chance: random.Random, data: bytearray) -> None:
    data[chance.randrange(len(data))] = chance.choice(b"\0\x01/#,*?[{\x7f\x80\xc0\xdb\xffsifbTI")


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def _take_out(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 4, 8))]


def _number(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data)) & ~3
    data[at : at + 4] = struct.pack(">i", chance.choice(NASTY_INTS))


def _repeat(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data)) & ~3
    data[at:at] = data[at : at + 4 * chance.randrange(1, 9)] * chance.randrange(1, 5)


def _noise(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    data[at : at + 4] = chance.randbytes(4)


DAMAGES: tuple[Damage, ...] = (_flip, _replace, _cut, _take_out, _number, _repeat, _noise)


def damaged(chance: random.Random, seeds: list[bytes]) -> bytes:
    """Return one of the seeds, damaged a few times; sometimes two, in a bundle or behind each other."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randrange(4)):
        if data:
            chance.choice(DAMAGES)(chance, data)
    kind = chance.randrange(10)
    if kind == 0:
        return bundle(bytes(data), chance.choice(seeds))
    if kind == 1:
        return bytes(data) + chance.choice(seeds)
    return bytes(data)
