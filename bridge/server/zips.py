"""A zip that is made while it is sent: nothing of it is ever on the disk or whole in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

_SOME_TIME = (1980, 1, 1, 0, 0, 0)
"""The zip's own zero: the same stems make the same zip."""


def streamed(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a zip of (name, content), stored without compression: float samples hardly shrink.

    Sizes follow each file in a data descriptor, as APPNOTE 4.3.9 allows a writer that cannot seek; ZIP64 throughout,
    since a size is not known when its header is written.
    """
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            with archive.open(zipfile.ZipInfo(name, _SOME_TIME), "w", force_zip64=True) as member:
                for piece in content:
                    member.write(piece)
                    yield out.taken()
    yield out.taken()


class _Out(io.RawIOBase):
    """A file that only grows, and gives away what it has. Not seekable, which zipfile respects."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # zipfile gives it nothing but bytes
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
