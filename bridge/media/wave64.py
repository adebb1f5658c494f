"""Sony Wave64: sizes are 64 bits wide and count their own 24-byte headers; chunks begin at multiples of 8."""

from __future__ import annotations

import struct

from bridge.media.judgement import (
    CUT,
    MAX_CHUNKS,
    UNSETTLED,
    AudioExtent,
    Judgement,
    Readable,
    Verdict,
    is_placeholder,
    read_at,
)
from bridge.media.riff import with_form

_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_WAVE = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
_HEADER = 24


def is_wave64(head: bytes) -> bool:
    """Recognise Wave64 by its first 16 bytes."""
    return head[:16] == _RIFF


def judge_wave64(file: Readable, size: int) -> Judgement:
    """Find the `data` chunk, and compare it and the whole form with the file's size."""
    head = read_at(file, 0, 40)
    if len(head) < 40:
        return CUT
    if head[24:40] != _WAVE:
        return UNSETTLED
    (form,) = struct.unpack("<Q", head[16:24])
    position = 40
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, _HEADER)
        if len(header) < _HEADER:
            return CUT
        name, length = struct.unpack("<16sQ", header)
        if name == _DATA:
            return _judge_data(position + _HEADER, length, form, size)
        if length < _HEADER:
            return CUT
        position += (length + 7) & ~7
    return CUT


def _judge_data(offset: int, length: int, form: int, size: int) -> Judgement:
    declared, present = length - _HEADER, size - offset
    if declared <= 0 or is_placeholder(length, 64):
        return Judgement(Verdict.UNSETTLED, AudioExtent(offset, present, as_declared=False))
    if declared > present:
        found = AudioExtent(offset, present, as_declared=False), Verdict.CUT
    else:
        found = AudioExtent(offset, declared), Verdict.COMPLETE
    # The size of a Wave64 form counts the whole file; its padding to 8 bytes may be missing.
    form_end = 0 if is_placeholder(form, 64) else form
    if form_end - 8 < size <= form_end:
        form_end = size
    return with_form(found, offset + declared, form_end or 8, size, 64)
