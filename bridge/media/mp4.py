"""MP4, M4A and MOV (ISO/IEC 14496-12): both the index and the media must be there, and lie within the file."""

from __future__ import annotations

from bridge.media.judgement import COMPLETE, CUT, MAX_CHUNKS, UNSETTLED, Judgement, Readable, read_at

_MEDIA = frozenset({b"mdat", b"moof"})
_NEEDED = _MEDIA | {b"moov"}
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def is_mp4(head: bytes) -> bool:
    """Recognise a file by the name of its first box: old QuickTime files have no file type box."""
    return head[4:8] in _FIRST_BOXES


def judge_mp4(file: Readable, size: int) -> Judgement:
    """Walk the top-level boxes."""
    position, seen, odd = 0, set[bytes](), False
    for _ in range(MAX_CHUNKS):
        if position >= size:
            break
        header = read_at(file, position, 16)
        name, length = header[4:8], _box_size(header, size - position)
        if len(header) < 8 or name == bytes(4) or length < 8:
            odd = True  # not a box: what follows the last one, or a preallocated tail
            break
        position += length
        if position > size and name not in _NEEDED:
            odd = True  # cut in something that is no audio
            break
        if position > size:
            return CUT
        seen.add(name)
    if b"moov" in seen and not seen.isdisjoint(_MEDIA):
        return UNSETTLED if odd else COMPLETE
    # A muxer writes the index last: without it the media is there, and nobody can read it yet.
    return CUT if seen.isdisjoint(_MEDIA) else UNSETTLED


def _box_size(header: bytes, left: int) -> int:
    """Return a box's size in bytes with its header; 0 stands for all that is `left` of the file."""
    size = int.from_bytes(header[:4], "big")
    if size == 1:
        # A cut header gives a size that no file has.
        return int.from_bytes(header[8:16].ljust(8, b"\xff"), "big")
    return size or left
