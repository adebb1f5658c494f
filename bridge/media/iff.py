"""AIFF and AIFF-C (Apple, 1989 and 1991), and CAF (Apple Core Audio Format Specification 1.0)."""

from __future__ import annotations

import struct
from typing import BinaryIO

from bridge.media.verdict import MAX_CHUNKS, Verdict, declared_to_be_unknown, end_of_form, read_at


def is_aiff(head: bytes) -> bool:
    """Recognise AIFF and AIFF-C by their first 12 bytes."""
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def is_caf(head: bytes) -> bool:
    """Recognise CAF by its first 4 bytes."""
    return head[:4] == b"caff"


def aiff_verdict(file: BinaryIO, size: int) -> Verdict:
    """Find `COMM` and `SSND`, in either order, and hold them and the form against the file's size."""
    (form_size,) = struct.unpack(">I", read_at(file, 4, 4))
    position, frames, sound_end = 12, None, None
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 8)
        if len(header) < 8 or header[:4] == bytes(4):
            break
        name, chunk_size = struct.unpack(">4sI", header)
        if name == b"COMM":
            field = read_at(file, position + 10, 4)
            frames = struct.unpack(">I", field)[0] if len(field) == 4 else None
        elif name == b"SSND":
            # 8 bytes of offset and block size come before the samples.
            if chunk_size <= 8 or declared_to_be_unknown(chunk_size, 32):
                return Verdict.UNSIZED
            sound_end = position + 8 + chunk_size
        position += 8 + chunk_size + (chunk_size & 1)
    if frames is None or sound_end is None:
        return Verdict.CUT
    if declared_to_be_unknown(frames, 32) or declared_to_be_unknown(form_size, 32):
        return Verdict.UNSIZED
    return Verdict.COMPLETE if end_of_form(sound_end, 8 + form_size) <= size else Verdict.CUT


def caf_verdict(file: BinaryIO, size: int) -> Verdict:
    """Walk all chunks: each must lie within the file, and `data` must be one of them and have a size.

    A size of -1 is allowed for `data` where it is the last chunk, and is what a recording in progress has.
    """
    position, data_seen = 8, False
    for _ in range(MAX_CHUNKS):
        if position == size:
            return Verdict.COMPLETE if data_seen else Verdict.CUT
        header = read_at(file, position, 12)
        if len(header) < 12 or header[:4] == bytes(4):
            return Verdict.CUT
        name, chunk_size = struct.unpack(">4sq", header)
        if name == b"data":
            data_seen = True
            # 4 bytes of edit count come before the samples.
            if chunk_size in (-1, 0, 4):
                return Verdict.UNSIZED
        if chunk_size < 0 or position + 12 + chunk_size > size:
            return Verdict.CUT
        position += 12 + chunk_size
    return Verdict.COMPLETE
