"""The Range header of a request for one file (RFC 9110, 14)."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


class Unsatisfiable(Exception):
    """The range begins behind the file's end: answer 416."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the count that a Range header asks for; None: all of it.

    A header that is malformed or wants several ranges may be passed over (14.2), and is. Raises `Unsatisfiable`.

    >>> wanted("bytes=0-0", 10), wanted("bytes=4-", 10), wanted("bytes=-3", 10), wanted("bytes=8-99", 10)
    ((0, 1), (4, 6), (7, 3), (8, 2))
    """
    match = _ONE_RANGE.fullmatch(header.strip().lower())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        count = min(int(last), size)
        if count == 0:
            raise Unsatisfiable
        return size - count, count
    begin = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < begin:
        return None
    if begin >= size:
        raise Unsatisfiable
    return begin, end - begin + 1
