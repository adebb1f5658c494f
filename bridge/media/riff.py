"""WAV, RIFX, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088)."""

from __future__ import annotations

import struct

from bridge.media.chunks import Order, find_audio, walk
from bridge.media.judgement import CUT, AudioExtent, Judgement, Readable, Verdict, is_placeholder, read_at

_UNKNOWN = 0xFFFFFFFF
_SLIP_BYTES = 64
"""By so much a finished file's audio chunk may claim too much: some writers count headers in."""


def is_wave(head: bytes) -> bool:
    """Recognise WAV, RIFX, RF64 and BW64 by their first 12 bytes."""
    return head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def judge_wave(file: Readable, size: int) -> Judgement:
    """Find the `data` chunk, and compare it and the whole form with the file's size."""
    head = read_at(file, 0, 8)
    order: Order = ">" if head[:4] == b"RIFX" else "<"
    (form,) = struct.unpack(f"{order}I", head[4:8])
    wide = _ds64(file) if head[:4] in (b"RF64", b"BW64") else None
    form_bits = 32
    if wide is not None and form == _UNKNOWN:
        form, form_bits = wide[0], 64
    for name, offset, declared in walk(file, 12, order):
        if name == b"data":
            bits = 32
            if wide is not None and declared == _UNKNOWN:
                declared, bits = wide[1], 64
            found = find_audio(file, size, order, offset, declared, bits)
            return with_form(found, offset + declared, 8 + form, size, form_bits)
    return CUT


def with_form(
    found: tuple[AudioExtent, Verdict], data_end: int, form_end: int, size: int, form_bits: int = 32
) -> Judgement:
    """Judge audio that was found, given where its chunk and the whole form declare to end, and the file's size."""
    extent, verdict = found
    only_pad_missing = size % 2 == 1 and data_end == size and form_end == size + 1
    unsure = is_placeholder(form_end - 8, form_bits) or (form_end > size and not only_pad_missing)
    if verdict is Verdict.COMPLETE and extent.as_declared and unsure:
        # What is missing is no audio: a chunk behind it that is still to come, or a writer's wrong sum.
        verdict = Verdict.UNSETTLED
    elif verdict is Verdict.CUT and form_end == size and data_end - size <= _SLIP_BYTES:
        verdict = Verdict.UNSETTLED
    return Judgement(verdict, extent)


def _ds64(file: Readable) -> tuple[int, int]:
    """Return (form size, data size) from the `ds64` chunk, which must come first; zeros where it is not filled in."""
    chunk = read_at(file, 12, 24)
    if len(chunk) < 24 or chunk[:4] != b"ds64":
        return 0, 0
    form, data = struct.unpack("<QQ", chunk[8:24])
    return form, data
