"""ID3v2 tags, which may stand before anything (ID3v2.4, sections 3.1 and 6.2)."""

from __future__ import annotations

from bridge.media.judgement import Readable, read_at

_HEADER = 10
_MOST_TAGS = 4


def id3_bytes(head: bytes) -> int:
    """Return how many bytes an ID3v2 tag at the beginning takes, 0 where there is none."""
    if head[:3] != b"ID3" or len(head) < _HEADER or any(byte & 0x80 for byte in head[6:_HEADER]):
        return 0
    size = sum(byte << 7 * place for place, byte in zip((3, 2, 1, 0), head[6:_HEADER], strict=True))
    footer = _HEADER if head[5] & 0x10 else 0
    return _HEADER + size + footer


def behind_tags(file: Readable) -> int:
    """Return where the content begins: behind the tags, where decoders look too."""
    position = 0
    for _ in range(_MOST_TAGS):
        length = id3_bytes(read_at(file, position, _HEADER))
        if not length:
            break
        position += length
    return position
