"""AU, also called SND (Sun Microsystems): one header, then the samples."""

from __future__ import annotations

import struct

from bridge.media.judgement import CUT, AudioExtent, Judgement, Readable, Verdict, is_placeholder, read_at

_HEADER = 24


def is_au(head: bytes) -> bool:
    """Recognise AU by its first 4 bytes."""
    return head[:4] == b".snd"


def judge_au(file: Readable, size: int) -> Judgement:
    """Compare the declared size of the samples with the file's size."""
    head = read_at(file, 0, _HEADER)
    if len(head) < _HEADER:
        return CUT
    offset, declared = struct.unpack(">4xII", head[:12])
    present = max(0, size - offset)
    if is_placeholder(declared):
        return Judgement(Verdict.UNSETTLED, AudioExtent(offset, present, as_declared=False))
    if declared > present:
        return Judgement(Verdict.CUT, AudioExtent(offset, present, as_declared=False))
    return Judgement(Verdict.COMPLETE, AudioExtent(offset, declared))
