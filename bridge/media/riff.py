"""WAV, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088), and Sony Wave64."""

from __future__ import annotations

import struct
from typing import BinaryIO

from bridge.media.verdict import MAX_CHUNKS, Verdict, declared_to_be_unknown, end_of_form, read_at

_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_WAVE = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
_W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")


def is_wave(head: bytes) -> bool:
    """Recognise WAV, RF64 and BW64 by their first 12 bytes."""
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def is_wave64(head: bytes) -> bool:
    """Recognise Wave64 by its first 16 bytes."""
    return head[:16] == _W64_RIFF


def wave_verdict(file: BinaryIO, size: int) -> Verdict:
    """Walk to the `data` chunk and hold both it and the whole form against the file's size."""
    magic, form_size = struct.unpack("<4sI", read_at(file, 0, 8))
    wide = _ds64(file) if magic != b"RIFF" else None
    if magic != b"RIFF" and wide is None:
        return Verdict.UNSIZED
    position = 12
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 8)
        if len(header) < 8 or header[:4] == bytes(4):
            # The data chunk is not there yet, or what should be a chunk is the zero tail of a preallocated file.
            return Verdict.CUT
        name, chunk_size = struct.unpack("<4sI", header)
        if name == b"data":
            data_size, form = _sizes(chunk_size, form_size, wide)
            if data_size is None or form is None:
                return Verdict.UNSIZED
            end = end_of_form(position + 8 + data_size, 8 + form)
            return Verdict.COMPLETE if end <= size else Verdict.CUT
        position += 8 + chunk_size + (chunk_size & 1)
    return Verdict.COMPLETE


def _ds64(file: BinaryIO) -> tuple[int, int] | None:
    """Return (form size, data size) from the `ds64` chunk, which must come first; None where it is not filled in."""
    chunk = read_at(file, 12, 24)
    if len(chunk) < 24 or chunk[:4] != b"ds64":
        return None
    form, data = struct.unpack("<QQ", chunk[8:24])
    return form, data


def _sizes(chunk_size: int, form_size: int, wide: tuple[int, int] | None) -> tuple[int | None, int | None]:
    """Return the sizes in bytes of the data and the form, None for one that is a placeholder."""
    data: int | None = chunk_size
    form: int | None = form_size
    bits_data = bits_form = 32
    if wide is not None:
        if chunk_size == 0xFFFFFFFF:
            data, bits_data = wide[1], 64
        if form_size == 0xFFFFFFFF:
            form, bits_form = wide[0], 64
    if declared_to_be_unknown(data or 0, bits_data):
        data = None
    if declared_to_be_unknown(form or 0, bits_form):
        form = None
    return data, form


def wave64_verdict(file: BinaryIO, size: int) -> Verdict:
    """Walk a Wave64 file, whose sizes count their own 24-byte headers and whose chunks begin at multiples of 8."""
    head = read_at(file, 0, 40)
    if len(head) < 40:
        return Verdict.CUT
    if head[24:40] != _W64_WAVE:
        return Verdict.COMPLETE
    (form_size,) = struct.unpack("<Q", head[16:24])
    position = 40
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 24)
        if len(header) < 24:
            return Verdict.CUT
        name, chunk_size = struct.unpack("<16sQ", header)
        if name == _W64_DATA:
            if chunk_size <= 24 or declared_to_be_unknown(chunk_size, 64) or declared_to_be_unknown(form_size, 64):
                return Verdict.UNSIZED
            return Verdict.COMPLETE if max(position + chunk_size, form_size) <= size else Verdict.CUT
        if chunk_size < 24:
            return Verdict.CUT
        position += (chunk_size + 7) & ~7
    return Verdict.COMPLETE
