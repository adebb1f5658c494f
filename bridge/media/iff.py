"""AIFF and AIFF-C (Apple, 1989 and 1991)."""

from __future__ import annotations

import struct

from bridge.media.chunks import find_audio, walk
from bridge.media.judgement import CUT, Judgement, Readable, Verdict, is_placeholder, read_at
from bridge.media.riff import with_form

_SOUND_HEADER = 8
"""An offset and a block size come before the samples."""


def is_aiff(head: bytes) -> bool:
    """Recognise AIFF and AIFF-C by their first 12 bytes."""
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def judge_aiff(file: Readable, size: int) -> Judgement:
    """Find `COMM` and `SSND`, in either order, and compare them and the form with the file's size."""
    (form,) = struct.unpack(">I", read_at(file, 4, 4))
    frames: int | None = None
    sound: tuple[int, int] | None = None
    for name, offset, declared in walk(file, 12, ">"):
        if name == b"COMM":
            field = read_at(file, offset + 2, 4)
            frames = int.from_bytes(field, "big") if len(field) == 4 else None
        elif name == b"SSND" and sound is None:
            sound = offset, declared
        if sound is not None and frames is not None:
            break
    return CUT if sound is None or frames is None else _judge_sound(file, size, form, frames, *sound)


def _judge_sound(file: Readable, size: int, form: int, frames: int, offset: int, declared: int) -> Judgement:
    header = read_at(file, offset, _SOUND_HEADER)
    if len(header) < _SOUND_HEADER:
        return CUT
    skipped = _SOUND_HEADER + int.from_bytes(header[:4], "big")
    if skipped > max(declared, _SOUND_HEADER):
        skipped = _SOUND_HEADER
    length = declared if is_placeholder(declared) else max(0, declared - skipped)
    judgement = with_form(find_audio(file, size, ">", offset + skipped, length), offset + declared, 8 + form, size)
    if judgement.verdict is Verdict.COMPLETE and is_placeholder(frames) and frames != length:
        return Judgement(Verdict.UNSETTLED, judgement.extent)
    return judgement
