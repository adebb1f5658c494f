"""Storage in a folder of this machine: the default."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from bridge.errors import StorageError
from bridge.files.atomic import PARTIAL_SUFFIX, partial_path, rename_into_place
from bridge.files.private import close_to_others, open_private, private_folder
from bridge.files.sync import sync_file
from bridge.server.storage.storage import PIECE_BYTES


class FolderStorage:
    """Files below `root`, each written beside its place and renamed into it."""

    def __init__(self, root: Path) -> None:
        """Throws away what an earlier process had not finished."""
        self._root = root
        with _translated("making the storage folder"):
            private_folder(root)
            for leftover in root.glob(f"*/**/*{PARTIAL_SUFFIX}"):
                leftover.unlink(missing_ok=True)

    def receive(self, name: str) -> _Incoming:
        """Begin a file."""
        return _Incoming(self._path(name), self._root)

    def put(self, name: str, path: Path) -> None:
        """Move the file at `path` in, or copy it where it lies on another disk."""
        target = self._path(name)
        with _translated("keeping a stem"):
            _make_parent(target, self._root)
            partial = _own_partial(target)
            shutil.move(path, partial)
            close_to_others(partial)
            sync_file(partial)
            rename_into_place(partial, target)

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
    def __init__(self, target: Path, root: Path) -> None:
        self._target = target
        self._partial = _own_partial(target)
        with _translated("receiving a file"):
            _make_parent(target, root)
            self._file = open(self._partial, "xb", opener=open_private)  # noqa: SIM115 (closed in commit and abort)

    def write(self, piece: bytes) -> None:
        with _translated("receiving a file"):
            self._file.write(piece)

    def commit(self) -> None:
        with _translated("receiving a file"):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            rename_into_place(self._partial, self._target)

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
            self._partial.unlink(missing_ok=True)


def _own_partial(target: Path) -> Path:
    """Return a partial name for this upload alone: two clients may send the same file at once."""
    return partial_path(target.with_name(f"{target.name}.{secrets.token_hex(4)}"))


def _make_parent(target: Path, root: Path) -> None:
    for folder in reversed(target.relative_to(root).parents[:-1]):
        private_folder(root / folder)


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.from_os(error, doing) from error
