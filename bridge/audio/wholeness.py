"""Say whether a file holds as much audio as its header promises. Decoders read a cut one without a word.

Layouts: RIFF, RF64, BW64 (see `riff`); AIFF and AIFF-C (Apple, "Audio Interchange File Format AIFF-C", 1991); Core
Audio Format 1.0 (Apple); Wave64 (Sony Pictures Digital, 2006); Ogg (RFC 3533, section 6).
"""

from __future__ import annotations

import os
import struct
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from bridge.audio.riff import MOST_CHUNKS, UNKNOWN_SIZE, Riff, read_riff

_OGG_LONGEST_PAGE = 65307
_END_OF_STREAM = 4


class Wholeness(Enum):
    """What a header promises, against what is there."""

    WHOLE = "whole, or of a kind that promises nothing"
    CUT = "the file ends before its audio does"
    UNFINISHED = "the header was never brought up to date, the audio goes to the file's end"


def wholeness(path: Path) -> Wholeness:
    """Look at the containers named above; any other file counts as whole. Raises `OSError`."""
    riff = read_riff(path)
    if riff is not None:
        return _of_riff(riff)
    with path.open("rb") as file:
        head = file.read(16)
        length = file.seek(0, os.SEEK_END)
        if head[:4] == b"OggS":
            return _of_ogg(file, length)
        end = _data_end(file, head, length)
        return Wholeness.CUT if end > length else Wholeness.WHOLE


def _of_riff(riff: Riff) -> Wholeness:
    data = riff.first(b"data")
    if data is None:
        return Wholeness.WHOLE
    if data.size == 0 and riff.length > data.offset and riff.claimed != riff.length:
        return Wholeness.UNFINISHED
    return Wholeness.CUT if data.size != UNKNOWN_SIZE and data.end > riff.length else Wholeness.WHOLE


def _of_ogg(file: BinaryIO, length: int) -> Wholeness:
    """The last page of a whole Ogg file is marked as such, and reaches the end of the file."""
    start = max(0, length - 2 * _OGG_LONGEST_PAGE)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail) or not tail[at + 5] & _END_OF_STREAM:
        return Wholeness.CUT
    segments = tail[at + 27 : at + 27 + tail[at + 26]]
    end = at + 27 + tail[at + 26] + sum(segments)
    return Wholeness.CUT if end > len(tail) else Wholeness.WHOLE


def _data_end(file: BinaryIO, head: bytes, length: int) -> int:
    """Return where the audio should end; 0 for a container not known here."""
    if head[:4] == b"FORM":
        return _find(file, 12, length, ">4sI", b"SSND", padded=True)
    if head[:4] == b"caff":
        return _find(file, 8, length, ">4sq", b"data", padded=False)
    if head == _WAVE64_RIFF:
        return _find_wave64(file, length)
    return 0


def _find(file: BinaryIO, position: int, length: int, layout: str, wanted: bytes, *, padded: bool) -> int:
    header = struct.calcsize(layout)
    for _ in range(MOST_CHUNKS):
        if position + header > length:
            break
        file.seek(position)
        name, size = struct.unpack(layout, file.read(header))
        if name == wanted or size < 0:
            return int(position + header + size) if size > 0 else 0
        position += header + size + (size % 2 if padded else 0)
    return 0


def _find_wave64(file: BinaryIO, length: int) -> int:
    position = 40
    for _ in range(MOST_CHUNKS):
        if position + 24 > length:
            break
        file.seek(position)
        name, size = struct.unpack("<16sQ", file.read(24))
        if name[:4] == b"data":
            return int(position + size)
        position += max(24, size + -size % 8)
    return 0


_WAVE64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
