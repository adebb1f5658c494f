"""Move the sample positions inside metadata chunks from one sample rate to another.

Layouts: EBU Tech 3285 v2, section 2.3 (bext); Microsoft RIFF, "Cue-Points Chunk", "Associated Data Chunk", "Sampler
Chunk"; iXML 3.01, SPEED and BEXT. Every function takes and returns a chunk's payload.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from bridge.units import Hz

_REFERENCE = struct.Struct("<Q")
_REFERENCE_AT = 338
_VERSION_AT, _IDENTITY_AT, _IDENTITY_END = 346, 348, 422
_CUE, _LOOP = struct.Struct("<II4sIII"), struct.Struct("<IIIIII")


@dataclass(frozen=True, slots=True)
class Ratio:
    """From one rate to another, in whole numbers: a position in a day's worth of frames is past a float's mantissa."""

    from_rate: Hz
    to_rate: Hz

    def position(self, frames: int) -> int:
        """Return the same moment in frames of the other rate, rounded half up."""
        return (frames * self.to_rate * 2 + self.from_rate) // (self.from_rate * 2)

    def position32(self, frames: int) -> int:
        """Return the same, at most what 32 bits hold."""
        return min(self.position(frames), 0xFFFFFFFF)


def time_reference(bext: bytes) -> int:
    """Return bext's TimeReference, in frames."""
    return int(_REFERENCE.unpack_from(bext, _REFERENCE_AT)[0])


def rescale_bext(bext: bytes, ratio: Ratio) -> bytes:
    """Move TimeReference."""
    if not bext:
        return bext
    moved = _REFERENCE.pack(ratio.position(time_reference(bext)) & 0xFFFFFFFFFFFFFFFF)
    return bext[:_REFERENCE_AT] + moved + bext[_REFERENCE_AT + 8 :]


def without_identity(bext: bytes) -> bytes:
    """Clear UMID and the loudness fields, and say version 1 at most: there those fields are reserved zeros."""
    if not bext:
        return bext
    version = min(1, int.from_bytes(bext[_VERSION_AT:_IDENTITY_AT], "little"))
    cleared = version.to_bytes(2, "little") + bytes(_IDENTITY_END - _IDENTITY_AT)
    return bext[:_VERSION_AT] + cleared + bext[_IDENTITY_END:]


def sound(name: bytes, content: bytes) -> bool:
    """Say whether a chunk is whole and one of those to carry (of LIST only adtl, the names of cue points)."""
    if name == b"cue ":
        return len(content) >= 4 and len(content) >= 4 + _CUE.size * int.from_bytes(content[:4], "little")
    if name == b"smpl":
        return len(content) >= 36 and len(content) >= 36 + _LOOP.size * int.from_bytes(content[28:32], "little")
    return name != b"LIST" or content[:4] == b"adtl"


def rescale(name: bytes, content: bytes, ratio: Ratio) -> bytes:
    """Move every position in a chunk that is `sound`."""
    return _BY_NAME[name](content, ratio) if name in _BY_NAME else content


def _cue(content: bytes, ratio: Ratio) -> bytes:
    moved = bytearray(content)
    for at in range(4, 4 + _CUE.size * int.from_bytes(content[:4], "little"), _CUE.size):
        name, position, chunk, chunk_start, block_start, offset = _CUE.unpack_from(content, at)
        position, offset = ratio.position32(position), ratio.position32(offset)
        _CUE.pack_into(moved, at, name, position, chunk, chunk_start, block_start, offset)
    return bytes(moved)


def _smpl(content: bytes, ratio: Ratio) -> bytes:
    moved = bytearray(content)
    struct.pack_into("<I", moved, 8, round(1e9 / ratio.to_rate))
    for at in range(36, 36 + _LOOP.size * int.from_bytes(content[28:32], "little"), _LOOP.size):
        name, kind, start, end, fraction, count = _LOOP.unpack_from(content, at)
        start, end = ratio.position32(start), ratio.position32(end)
        _LOOP.pack_into(moved, at, name, kind, start, end, fraction, count)
    return bytes(moved)


def _adtl(content: bytes, ratio: Ratio) -> bytes:
    moved, at = bytearray(content), 4
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"ltxt" and size >= 8 and at + 16 <= len(content):
            length = int.from_bytes(content[at + 12 : at + 16], "little")
            struct.pack_into("<I", moved, at + 12, ratio.position32(length))
        at += 8 + size + size % 2
    return bytes(moved)


def _ixml(content: bytes, ratio: Ratio) -> bytes:
    for tag in (b"FILE_SAMPLE_RATE", b"TIMESTAMP_SAMPLE_RATE"):
        content = _element(content, tag, ratio.to_rate)
    pairs = (
        (b"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", b"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO"),
        (b"BWF_TIME_REFERENCE_HIGH", b"BWF_TIME_REFERENCE_LOW"),
    )
    for high_tag, low_tag in pairs:
        moved = ratio.position(_number(content, high_tag) << 32 | _number(content, low_tag))
        content = _element(content, high_tag, moved >> 32 & 0xFFFFFFFF)
        content = _element(content, low_tag, moved & 0xFFFFFFFF)
    return content


def _pattern(tag: bytes) -> bytes:
    return rb"(<" + tag + rb">\s*)(\d+)(\s*</" + tag + rb">)"


def _number(content: bytes, tag: bytes) -> int:
    found = re.search(_pattern(tag), content)
    return int(found[2]) if found else 0


def _element(content: bytes, tag: bytes, new: int) -> bytes:
    return re.sub(_pattern(tag), rb"\g<1>%d\g<3>" % new, content)


_BY_NAME: dict[bytes, Callable[[bytes, Ratio], bytes]] = {
    b"cue ": _cue,
    b"smpl": _smpl,
    b"LIST": _adtl,
    b"iXML": _ixml,
}
