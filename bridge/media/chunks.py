"""Chunks as RIFF and AIFF have them: a 4-byte name, a 32-bit size, the content, padded to an even length.

Used to find out how much audio there is where the size of the audio chunk cannot be taken at its word.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Literal

from bridge.media.judgement import MAX_CHUNKS, AudioExtent, Readable, Verdict, is_placeholder, read_at

Order = Literal["<", ">"]
"""The byte order of sizes, as `struct` spells it: "<" in RIFF, ">" in AIFF and RIFX."""

_WRAP = 1 << 32
_MOST_WRAPS = 64
_LONGEST_CHAIN = 64
_TAIL_BYTES = 128 << 10
_MOST_CANDIDATES = 1024
_MOST_TRAILING_JUNK = 1 << 20

_TRAILING = re.compile(
    rb"LIST|list|INFO|bext|iXML|cue |smpl|inst|acid|axml|chna|PEAK|fact|JUNK|junk|PAD |FLLR|ID3 |id3 |_PMX|umid|minf|"
    rb"elm1|regn|DGDA|LGWV|ResU|afsp|DISP|plst|levl|cart|strc|Cr8r|AFAn|SNDM|MARK|COMT|INST|NAME|AUTH|\(c\) |ANNO|APPL|"
    rb"AESD|MIDI|SAUR|CHAN|basc|trns|cate"
)
"""Names of chunks that are known to follow the audio."""


def walk(file: Readable, position: int, order: Order) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, offset of the content, declared size) of each chunk, until the file or the sense ends.

    A pad byte that a writer has left out is noticed by the name that stands in its place.
    """
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 8)
        if len(header) < 8 or header[:4] == bytes(4):
            return  # the end, or the zero tail of a preallocated file
        name, length = struct.unpack(f"{order}4sI", header)
        yield name, position + 8, length
        position += 8 + length
        if length % 2 and not (_is_name(read_at(file, position, 4)) and not _is_name(read_at(file, position + 1, 4))):
            position += 1


def find_audio(
    file: Readable, size: int, order: Order, offset: int, declared: int, bits: int = 32
) -> tuple[AudioExtent, Verdict]:
    """Return where the audio of a chunk lies whose content begins at `offset`, and what is to be said of it.

    `declared` is the size in its header, of `bits` bits.
    """
    present = max(0, size - offset)
    if is_placeholder(declared, bits):
        return _unsized(file, size, order, offset, declared)
    if declared > present:
        return AudioExtent(offset, present, as_declared=False), Verdict.CUT
    if bits == 64 or reaches_end(file, offset + declared, size, order):
        return AudioExtent(offset, declared), Verdict.COMPLETE
    if present >= _WRAP:
        return _wrapped(file, size, order, offset, declared)
    much_behind = present - declared > _MOST_TRAILING_JUNK
    return AudioExtent(offset, declared), Verdict.UNSETTLED if much_behind else Verdict.COMPLETE


def reaches_end(file: Readable, position: int, size: int, order: Order) -> bool:
    """Say whether chunks, or nothing, fill the file from `position` to its end. The last pad byte may be missing."""
    for _ in range(_LONGEST_CHAIN):
        if position >= size:
            return position == size or (position == size + 1 and size % 2 == 1)
        if size - position == 1:
            return True  # the pad byte of the chunk before
        header = read_at(file, position + position % 2, 8)
        if len(header) < 8 or not _is_name(header[:4]):
            return False
        position += position % 2 + 8 + int(struct.unpack(f"{order}4sI", header)[1])
        if position % 2 and position != size:
            position += 1
    return False


def _unsized(file: Readable, size: int, order: Order, offset: int, declared: int) -> tuple[AudioExtent, Verdict]:
    if offset + declared <= size and reaches_end(file, offset + declared, size, order):
        # A size of 0 may be true: the chunks that follow say so. So may any other.
        verdict = Verdict.COMPLETE if size > offset else Verdict.UNSETTLED
        return AudioExtent(offset, declared), verdict
    end = _before_trailing_chunks(file, offset, size, order)
    return AudioExtent(offset, max(0, end - offset), as_declared=False), Verdict.UNSETTLED


def _wrapped(file: Readable, size: int, order: Order, offset: int, declared: int) -> tuple[AudioExtent, Verdict]:
    """Add 4 GiB to a 32-bit size as often as makes the file consistent: a writer's size field overflowed."""
    most = min(_MOST_WRAPS, (size - offset - declared) // _WRAP)
    for times in range(most, 0, -1):
        length = declared + times * _WRAP
        if reaches_end(file, offset + length, size, order):
            return AudioExtent(offset, length, as_declared=False), Verdict.COMPLETE
    # More than 4 GiB behind what is declared: a recording whose size overflowed, and which was cut.
    return AudioExtent(offset, declared), Verdict.CUT if most else Verdict.UNSETTLED


def _before_trailing_chunks(file: Readable, start: int, size: int, order: Order) -> int:
    """Return where audio of unknown length ends: before the chunks that lead exactly to the file's end, if any."""
    begin = max(start, size - _TAIL_BYTES)
    tail = read_at(file, begin, _TAIL_BYTES)
    ends = {len(tail), len(tail) + 1} if size % 2 else {len(tail)}
    earliest = len(tail)
    names = [found.start() for found in _TRAILING.finditer(tail)][-_MOST_CANDIDATES:]
    for at in reversed(names):
        if at + 8 > len(tail):
            continue
        (length,) = struct.unpack_from(f"{order}I", tail, at + 4)
        end = at + 8 + length
        if end in ends or (length % 2 and end + 1 in ends):
            ends.add(at)
            earliest = at
    return begin + earliest


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)
