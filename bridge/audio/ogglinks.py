"""Find the links of a chained Ogg file (RFC 3533, section 4): whole Ogg files, one after the other."""

from __future__ import annotations

import os
from pathlib import Path

_HEADER = 27
_BEGINS = 2

ByteRange = tuple[int, int]
"""The offsets of a first byte and of the one after the last."""


def ogg_links(path: Path) -> list[ByteRange]:
    """Return the byte range of every link, in order; the last one reaches the end of the file. Raises `OSError`."""
    starts: list[int] = []
    position, heads = 0, False
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        while position < length:
            file.seek(position)
            header = file.read(_HEADER + 255)
            if len(header) < _HEADER or header[:4] != b"OggS":
                break
            begins = bool(header[5] & _BEGINS)
            if begins and not heads:
                starts.append(position)
            heads = begins
            lengths = header[_HEADER : _HEADER + header[26]]
            position += _HEADER + header[26] + sum(lengths)
    return list(zip(starts, [*starts[1:], length], strict=True))
