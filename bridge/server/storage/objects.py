"""Storage in an object store: S3 and what speaks it, Google Cloud Storage, Azure, by a URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import StorageError, UsageError
from bridge.server.storage.storage import PIECE_BYTES

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class ObjectStorage:
    """Objects below the URL. Credentials are those obstore finds in the environment or on the machine."""

    def __init__(self, url: str) -> None:
        """Open the store at `url` ("s3://bucket/folder"). Raises `UsageError`."""
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError as error:
            raise UsageError(
                "Keeping files in an object store needs the package obstore.",
                advice="Install it into Stembridge's environment, or leave [server] objects out.",
            ) from error
        try:
            self._store: ObjectStore = from_url(url)
        except (BaseError, ValueError) as error:
            raise UsageError(
                f"[server] objects: {str(error).partition(chr(10))[0]}",
                advice="It is an address such as s3://bucket/folder.",
            ) from error

    def receive(self, name: str) -> _Incoming:
        """Begin an object."""
        return _Incoming(self._store, name)

    def put(self, name: str, path: Path) -> None:
        """Keep a copy of the file at `path`."""
        import obstore

        with _translated("keeping a stem"):
            obstore.put(self._store, name, path)

    def size(self, name: str) -> int | None:
        """Return the bytes of an object, None where there is none."""
        import obstore

        with _translated("looking at a stored file"):
            try:
                return obstore.head(self._store, name)["size"]
            except FileNotFoundError:
                return None

    def read(self, name: str, start: int, count: int) -> Iterator[bytes]:
        """Yield `count` bytes from `start` on."""
        import obstore

        if count <= 0:
            return
        with _translated("reading a stored file"):
            found = obstore.get(self._store, name, options={"range": (start, start + count)})
            for piece in found.stream(min_chunk_size=PIECE_BYTES):
                yield bytes(piece)

    def copy_to(self, name: str, path: Path) -> None:
        """Write the object to `path`."""
        import obstore

        with _translated("reading an upload"), path.open("wb") as file:
            for piece in obstore.get(self._store, name).stream(min_chunk_size=PIECE_BYTES):
                file.write(piece)

    def delete(self, name: str) -> None:
        """Forget an object."""
        import obstore

        with _translated("removing a stored file"), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)


class _Incoming:
    """A multipart upload."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        import obstore

        with _translated("receiving a file"):
            self._writer = obstore.open_writer(store, name)

    def write(self, piece: bytes) -> None:
        with _translated("receiving a file"):
            self._writer.write(piece)

    def commit(self) -> None:
        with _translated("receiving a file"):
            self._writer.close()

    def abort(self) -> None:
        """Do nothing: what was not closed is no object; the bucket's rule for unfinished uploads clears its parts."""


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise StorageError(f"{doing}: there is no such file in the object store.", code="storage.gone") from error
    except (BaseError, OSError) as error:
        raise StorageError(f"{doing}: {str(error).partition(chr(10))[0]}", code="storage.failed") from error
