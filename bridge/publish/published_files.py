"""The folder of the files that are published right now by our own URL, and the key their URLs are signed with.

Each file's name says until when, so that nothing else has to be remembered across a restart.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StorageError
from bridge.files.atomic import PARTIAL_SUFFIX, writing
from bridge.files.private import private_folder
from bridge.publish.names import expiry, unguessable
from bridge.publish.reading import BLOCK_BYTES, blocks, size_of
from bridge.publish.signing import KEY_BYTES
from bridge.units import Progress

_PARTIAL = frozenset({PARTIAL_SUFFIX, ".part"})
"""Of incomplete copies, now and in older versions."""


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """Keeps files under random names in `folder`, which belongs to it alone."""

    folder: Path
    now: Callable[[], float] = time.time

    def add(self, path: Path, name: str, lifetime_s: int, progress: Progress) -> str:
        """Take a file in, as a second link to it where the disk can, else as a copy; return its name here."""
        published = unguessable(name, int(self.now()) + lifetime_s)
        with _storage_errors():
            private_folder(self.folder)
            try:
                (self.folder / published).hardlink_to(path)
            except OSError:
                self._copy(path, published, progress)
        try:
            progress(1.0)
        except BaseException:
            self.remove(published)
            raise
        return published

    def size(self, name: str) -> int | None:
        """Return the bytes of a published file, None where there is none of this name."""
        if expiry(name) is None:
            return None
        try:
            return (self.folder / name).stat().st_size
        except OSError:
            return None

    def read(self, name: str, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes of a published file from `start` on. Raises `OSError`."""
        with (self.folder / name).open("rb", buffering=0) as file:
            file.seek(start)
            while count > 0 and (piece := file.read(min(BLOCK_BYTES, count))):
                count -= len(piece)
                yield piece

    def remove(self, name: str) -> None:
        """Delete a file; gone already is fine."""
        if expiry(name) is None:
            return
        with _storage_errors():
            (self.folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete expired files and incomplete copies.

        Only for the one process that works on this folder, before it adds files.
        """
        with contextlib.suppress(OSError):
            for file in list(self.folder.iterdir()):
                ends = expiry(file.name)
                if file.suffix in _PARTIAL or (ends is not None and ends <= self.now()):
                    file.unlink(missing_ok=True)

    def key(self) -> bytes:
        """Return the signing key, made on first use: readable by this user only, the same after a restart."""
        file = self.folder / "key"
        with _storage_errors():
            private_folder(self.folder)
            try:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                key = file.read_bytes()
                if len(key) == KEY_BYTES:
                    return key
                descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
            key = secrets.token_bytes(KEY_BYTES)
            with os.fdopen(descriptor, "wb") as writer:
                writer.write(key)
            return key

    def _copy(self, path: Path, published: str, progress: Progress) -> None:
        with writing(self.folder / published, private=True, durable=False) as file:
            for block in blocks(path, size_of(path), progress):
                file.write(block)


@contextlib.contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.from_os(error, "keeping the bounce ready to be fetched") from error
