"""The header frame of an MP3 (Xing or Info): the only count of frames in MPEG audio that is no estimate."""

from __future__ import annotations

import os
import struct
from enum import Enum
from pathlib import Path

from bridge.media.id3 import behind_tags
from bridge.media.judgement import read_at

_FIRST_FRAME = 256
_FRAMES, _BYTES = 1, 2
_ID3V1_BYTES = 128


class MpegCount(Enum):
    """What the header frame says of the length."""

    EXACT = "the file ends where the header frame says"
    UNKNOWN = "there is no header frame, or more follows than it counts"
    CUT = "the file is shorter than the header frame says"


def mpeg_count(path: Path) -> MpegCount:
    """Compare the bytes that the header frame counts with the file's. Raises `OSError`."""
    with path.open("rb") as file:
        start = behind_tags(file)
        first = read_at(file, start, _FIRST_FRAME)
        end = file.seek(0, os.SEEK_END)
        if read_at(file, max(start, end - _ID3V1_BYTES), 3) == b"TAG":
            end -= _ID3V1_BYTES
    at = max(first.find(b"Xing"), first.find(b"Info"))
    if at < 0 or first[:1] != b"\xff" or len(first) < at + 16:
        return MpegCount.UNKNOWN
    flags, _, declared = struct.unpack_from(">III", first, at + 4)
    if flags & (_FRAMES | _BYTES) != _FRAMES | _BYTES or end - start > declared:
        return MpegCount.UNKNOWN
    return MpegCount.EXACT if end - start == declared else MpegCount.CUT
