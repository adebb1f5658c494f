"""Ogg (RFC 3533): the last page must be whole and marked as the end of its stream."""

from __future__ import annotations

from typing import BinaryIO

from bridge.media.verdict import Verdict, read_at

_LONGEST_PAGE = 65307
_END_OF_STREAM = 0x04


def is_ogg(head: bytes) -> bool:
    """Recognise Ogg by its first 4 bytes."""
    return head[:4] == b"OggS"


def ogg_verdict(file: BinaryIO, size: int) -> Verdict:
    """Look for the page that ends exactly where the file ends."""
    tail = read_at(file, max(0, size - _LONGEST_PAGE), _LONGEST_PAGE)
    position = len(tail)
    while (position := tail.rfind(b"OggS", 0, position)) >= 0:
        page = tail[position:]
        if len(page) >= 27 and len(page) >= 27 + page[26]:
            length = 27 + page[26] + sum(page[27 : 27 + page[26]])
            if length == len(page):
                return Verdict.COMPLETE if page[5] & _END_OF_STREAM else Verdict.UNSIZED
    return Verdict.CUT
