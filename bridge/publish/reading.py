"""Reading the file to publish, block by block, with its progress. Memory stays flat however long the bounce is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.errors import StorageError
from bridge.units import Progress

BLOCK_BYTES = 512 * 1024
"""Much faster than the usual 16 to 64 KiB, and a slow line still gets a figure of progress every few seconds."""


def size_of(path: Path) -> int:
    """Return the file's size in bytes, or raise `StorageError`."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise StorageError.from_os(error, "reading the bounce to publish it") from error


def blocks(path: Path, size: int, progress: Progress) -> Iterator[bytes]:
    """Give exactly `size` bytes of the file, telling `progress` after each block that was taken.

    Raises `StorageError` where the file cannot be read or is shorter by now, and whatever `progress` raises.
    """
    done = 0
    try:
        with path.open("rb", buffering=0) as file:
            while done < size:
                block = file.read(min(BLOCK_BYTES, size - done))
                if not block:
                    raise StorageError(f"{path.name} became shorter while it was uploaded.", code="storage.changed")
                yield block
                done += len(block)
                progress(done / size)
    except OSError as error:
        raise StorageError.from_os(error, "reading the bounce to publish it") from error


def never_falling(progress: Progress) -> Progress:
    """Return a progress for a step that may begin again: it tells the furthest point that was reached."""
    furthest = 0.0

    def tell(fraction: float) -> None:
        nonlocal furthest
        furthest = max(furthest, fraction)
        progress(furthest)

    return tell
