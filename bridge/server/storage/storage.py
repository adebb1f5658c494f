"""The seam of storage.

To add one: write a module in this folder with a class that fits `Storage`, and choose it in `opening.py` by its URL.
Names are ours, never a stranger's: a folder of ours, random digits, and an ending ("uploads/<32 digits>.flac").
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

PIECE_BYTES = 1024 * 1024
"""How much is read or written at once; memory stays flat whatever the size of a file."""


class Incoming(Protocol):
    """A file on its way in. Nobody sees it before `commit`; `abort` leaves nothing."""

    def write(self, piece: bytes) -> None:
        """Append."""

    def commit(self) -> None:
        """Make it durable, then visible under its name, in place of what was there."""

    def abort(self) -> None:
        """Throw away what was written. Harmless after `commit`."""


class Storage(Protocol):
    """Keeps files by name. Blocking, used from several threads. Every method raises `StorageError`."""

    def receive(self, name: str) -> Incoming:
        """Begin a file."""

    def put(self, name: str, path: Path) -> None:
        """Keep a copy of the file at `path`; it may be moved away."""

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None where there is none."""

    def read(self, name: str, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes from `start` on."""

    def copy_to(self, name: str, path: Path) -> None:
        """Write the file to `path`, for an engine. Raises `StorageError` where there is none."""

    def delete(self, name: str) -> None:
        """Forget a file; harmless where there is none."""
