"""MP4, M4A and MOV (ISO/IEC 14496-12): all boxes within the file, and both the index and the media among them."""

from __future__ import annotations

import struct
from typing import BinaryIO

from bridge.media.verdict import MAX_CHUNKS, Verdict, read_at

_MEDIA = frozenset({b"mdat", b"moof"})


def is_mp4(head: bytes) -> bool:
    """Recognise a file that begins with a file type box."""
    return head[4:8] == b"ftyp"


def mp4_verdict(file: BinaryIO, size: int) -> Verdict:
    """Walk the top-level boxes."""
    position, seen = 0, set[bytes]()
    for _ in range(MAX_CHUNKS):
        if position >= size:
            break
        header = read_at(file, position, 16)
        name = header[4:8]
        if len(header) < 8 or name == bytes(4):
            return Verdict.CUT
        seen.add(name)
        length = _box_size(header)
        if length is None:
            # "Up to the end of the file": allowed for the last box, and what a muxer writes before it knows.
            position = size
            break
        if length < 8:
            return Verdict.COMPLETE
        position += length
    if position > size or seen.isdisjoint(_MEDIA):
        return Verdict.CUT
    return Verdict.COMPLETE if b"moov" in seen else Verdict.UNSIZED


def _box_size(header: bytes) -> int | None:
    """Return a box's size in bytes with its header, None where it reaches to the end of the file."""
    (size,) = struct.unpack(">I", header[:4])
    if size == 1:
        # A cut header gives a size that no file has.
        return int.from_bytes(header[8:16].ljust(8, b"\xff"), "big")
    return size or None
