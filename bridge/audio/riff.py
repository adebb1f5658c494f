"""Walk the chunks of a RIFF, RF64 or BW64 file, as they claim to be.

Sources: Microsoft "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), EBU Tech 3306 v1.1 (RF64),
ITU-R BS.2088-1 (BW64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

UNKNOWN_SIZE = 0xFFFFFFFF
"""A 32-bit size that says nothing: the real one stands in ds64, or was never known."""

MOST_CHUNKS = 1000
"""Where walking stops: in a damaged file an hour of silence looks like a hundred million empty chunks."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one chunk's payload lies; `size` is what the file claims, which may pass its end."""

    id: bytes
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Where the payload should end."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Riff:
    """A RIFF file: its chunks in order, its length in bytes, and the length that its 32-bit header claims."""

    claimed: int
    chunks: tuple[Chunk, ...]
    length: int

    def first(self, chunk_id: bytes) -> Chunk | None:
        """Return the first chunk with this id."""
        return next((chunk for chunk in self.chunks if chunk.id == chunk_id), None)


def read_riff(path: Path) -> Riff | None:
    """Return the chunks of the WAVE file at `path`, or None where it is not one. Raises `OSError`."""
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
            return None
        length = path.stat().st_size
        return Riff(8 + int.from_bytes(head[4:8], "little"), tuple(_walk(file, length)), length)


def payload(path: Path, chunk: Chunk) -> bytes:
    """Return a chunk's payload, shorter than it claims where the file ends before. Raises `OSError`."""
    with path.open("rb") as file:
        file.seek(chunk.offset)
        return file.read(chunk.size)


def _walk(file: BinaryIO, length: int) -> Iterator[Chunk]:
    position, data_size = 12, UNKNOWN_SIZE
    for _ in range(MOST_CHUNKS):
        if position + 8 > length:
            return
        file.seek(position)
        chunk_id, size = struct.unpack("<4sI", file.read(8))
        if chunk_id == b"ds64" and size >= 16:
            data_size = struct.unpack("<8xQ", file.read(16))[0]
        if chunk_id == b"data" and size == UNKNOWN_SIZE:
            size = data_size
        yield Chunk(chunk_id, position + 8, size)
        position += 8 + size + size % 2
