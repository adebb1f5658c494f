"""Ogg (RFC 3533): the last page must be whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from bridge.media.judgement import CUT, UNSETTLED, Judgement, Readable, Verdict, read_at

_MAGIC = b"OggS"
_LONGEST_PAGE = 65307
_TAIL_BYTES = 3 * _LONGEST_PAGE
_BEGINS, _ENDS = 0x02, 0x04
_MOST_CANDIDATES = 256
_MOST_CHECKS = 32
_MOST_STREAMS = 64
_PROBES = 15

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Page(NamedTuple):
    start: int
    """Where it begins in the bytes that were searched."""
    end: int
    flags: int
    stream: bytes
    number: int
    """Counts the pages of a stream, from 0."""


def is_ogg(head: bytes) -> bool:
    """Recognise Ogg by its first 4 bytes."""
    return head[:4] == _MAGIC


def judge_ogg(file: Readable, size: int) -> Judgement:
    """Look for the last whole page and for what comes after it.

    Tags that other programs append are no audio; a page that has begun is.
    """
    tail = read_at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    last = next(_whole_pages_from_the_end(tail), None)
    if last is None:
        # Pages are shorter than the tail, so one that has begun is one that was cut.
        return CUT if size <= _TAIL_BYTES or _MAGIC in tail else UNSETTLED
    rest = tail[last.end :]
    if rest and (rest.startswith(_MAGIC) or _MAGIC.startswith(rest)):
        return CUT
    verdict = Verdict.COMPLETE if last.flags & _ENDS else Verdict.UNSETTLED
    return Judgement(verdict, chained=_is_chained(file, size, last))


def _is_chained(file: Readable, size: int, last: _Page) -> bool:
    """Say whether the last page belongs to another stream than those that the file begins with.

    The pages of one stream are counted. Where the same stream was appended to itself the count falls back somewhere,
    which a few looks into the middle show.
    """
    begins = set[bytes]()
    head = read_at(file, 0, _TAIL_BYTES)
    for first in _pages(head, _MOST_STREAMS):
        if not first.flags & _BEGINS:
            break
        begins.add(first.stream)
    if last.stream not in begins:
        return True
    counted = dict.fromkeys(begins, 0)
    for probe in range(1, _PROBES + 1):
        part = read_at(file, size * probe // (_PROBES + 1), 2 * _LONGEST_PAGE)
        page = next(_pages(part, 1), None)
        if page is None:
            continue
        if page.stream not in begins or page.number < counted[page.stream]:
            return True
        counted[page.stream] = page.number
    return last.number < counted[last.stream]


def _pages(content: bytes, most: int) -> Iterator[_Page]:
    """Yield pages in order, each directly behind the one before; the first wherever it begins."""
    position = content.find(_MAGIC)
    for _ in range(most):
        page = _page_at(content, position) if position >= 0 else None
        if page is None:
            return
        yield page
        position = page.end


def _whole_pages_from_the_end(tail: bytes) -> Iterator[_Page]:
    """Yield pages whose checksum is right, the last first."""
    position, checks = len(tail), 0
    for _ in range(_MOST_CANDIDATES):
        position = tail.rfind(_MAGIC, 0, position)
        if position < 0 or checks >= _MOST_CHECKS:
            return
        page = _page_at(tail, position)
        checks += page is not None
        if page is not None and _checksum_is_right(tail[page.start : page.end]):
            yield page


def _page_at(content: bytes, at: int) -> _Page | None:
    """Return the page that begins there, None where there is none or it does not end within `content`."""
    header = content[at : at + 27]
    if len(header) < 27 or header[:5] != _MAGIC + b"\0":
        return None
    lengths = content[at + 27 : at + 27 + header[26]]
    end = at + 27 + header[26] + sum(lengths)
    if len(lengths) < header[26] or end > len(content):
        return None
    return _Page(at, end, header[5], header[14:18], int.from_bytes(header[18:22], "little"))


def _checksum_is_right(page: bytes) -> bool:
    """Compare the CRC of RFC 3533: zlib's polynomial, with the bits the other way round and nothing inverted."""
    blank = page[:22] + bytes(4) + page[26:]
    crc = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_REVERSED) == page[22:26]
