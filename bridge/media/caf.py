"""CAF (Apple Core Audio Format Specification 1.0)."""

from __future__ import annotations

import struct

from bridge.media.judgement import CUT, MAX_CHUNKS, AudioExtent, Judgement, Readable, Verdict, read_at

_HEADER = 12
_EDIT_COUNT = 4
"""A number that comes before the samples and is counted in the size of their chunk."""


def is_caf(head: bytes) -> bool:
    """Recognise CAF by its first 4 bytes."""
    return head[:4] == b"caff"


def judge_caf(file: Readable, size: int) -> Judgement:
    """Walk all chunks: `data` must be one of them, have a size and lie within the file.

    A size of -1 is allowed for `data` where it is the last chunk, and is what a recording in progress has.
    """
    position, extent = 8, None
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, _HEADER)
        if len(header) < _HEADER or header[:4] == bytes(4):
            break
        name, length = struct.unpack(">4sq", header)
        begin = position + _HEADER + _EDIT_COUNT
        if name == b"data":
            if length in (-1, 0, _EDIT_COUNT):
                return Judgement(Verdict.UNSETTLED, AudioExtent(begin, max(0, size - begin), as_declared=length == -1))
            if length < 0 or position + _HEADER + length > size:
                return Judgement(Verdict.CUT, AudioExtent(begin, max(0, size - begin), as_declared=False))
            extent = AudioExtent(begin, max(0, length - _EDIT_COUNT))
        elif length < 0:
            break
        position += _HEADER + length
    if extent is None:
        return CUT
    return Judgement(Verdict.COMPLETE if position == size else Verdict.UNSETTLED, extent)
