"""Storage in a folder of this machine: the default."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from bridge.errors import StorageError
from bridge.server.storage.storage import PIECE_BYTES

_PARTIAL = ".partial"


class FolderStorage:
    """Files below `root`, each written beside its place and renamed into it."""

    def __init__(self, root: Path) -> None:
        """Throws away what an earlier process had not finished."""
        self._root = root
        with _translated("making the storage folder"):
            root.mkdir(parents=True, exist_ok=True)
            for leftover in root.glob(f"*/**/*{_PARTIAL}"):
                leftover.unlink(missing_ok=True)

    def receive(self, name: str) -> _Incoming:
        """Begin a file."""
        return _Incoming(self._path(name))

    def put(self, name: str, path: Path) -> None:
        """Move the file at `path` in, or copy it where it lies on another disk."""
        target = self._path(name)
        with _translated("keeping a stem"):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{_PARTIAL}")
            shutil.move(path, partial)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(target)
            _sync_folder(target.parent)

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None where there is none."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError.from_os(error, "looking at a stored file") from error

    def read(self, name: str, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes from `start` on."""
        with _translated("reading a stored file"), self._path(name).open("rb") as file:
            file.seek(start)
            while count > 0 and (piece := file.read(min(PIECE_BYTES, count))):
                count -= len(piece)
                yield piece

    def copy_to(self, name: str, path: Path) -> None:
        """Write the file to `path`; a second name for the same bytes, where the disk knows such."""
        with _translated("reading an upload"):
            try:
                os.link(self._path(name), path)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(self._path(name), path)

    def delete(self, name: str) -> None:
        """Forget a file, and its folder where it was the last in there."""
        path = self._path(name)
        with _translated("removing a stored file"):
            path.unlink(missing_ok=True)
        if path.parent.parent != self._root:
            with contextlib.suppress(OSError):  # it is not empty
                path.parent.rmdir()

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if not all(part and part[0] != "." and part.isascii() and "\\" not in part for part in parts):
            raise StorageError(f"{name!r} is not the name of a stored file.", code="storage.name")
        return self._root.joinpath(*parts)


class _Incoming:
    def __init__(self, target: Path) -> None:
        self._target = target
        self._partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{_PARTIAL}")
        with _translated("receiving a file"):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._partial.open("wb")

    def write(self, piece: bytes) -> None:
        with _translated("receiving a file"):
            self._file.write(piece)

    def commit(self) -> None:
        with _translated("receiving a file"):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(self._target)
            _sync_folder(self._target.parent)

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
            self._partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there; NTFS journals the rename
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.from_os(error, doing) from error
