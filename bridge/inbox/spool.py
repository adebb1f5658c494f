"""Copying a bounce into the spool, hashing it on the way. What lies there under its final name is whole and on disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bridge.errors import StorageError
from bridge.jobs.arrival import Signature
from bridge.media.formats import SUFFIXES

_BLOCK_BYTES = 1 << 20
_PARTIAL = ".partial"
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


class SourceUnreadable(StorageError):
    """The bounce's own disk or its permissions, rather than the spool's: other bounces may still be readable."""

    default_code = "bounce.denied"
    default_advice = "Check the file's permissions and its disk; it is tried again by itself."

    @classmethod
    def from_reading(cls, source: Path, error: OSError) -> SourceUnreadable:
        """Translate an `OSError` met while looking at or reading the bounce."""
        return cls(f"{source} cannot be read: {error.strerror or error}.")


class SourceGone(Exception):
    """The bounce was removed or renamed: nobody needs to be told."""


class SourceChanged(Exception):
    """The bounce was written to, or replaced, before the copy was whole."""


class CopyStopped(Exception):
    """The caller asked to stop. Nothing is left in the spool."""


@dataclass(frozen=True, slots=True)
class SpoolCopy:
    """A whole copy, on disk."""

    path: Path
    sha256: str
    signature: Signature
    """The source's, the same before and after the copy."""


def copy_to_spool(source: Path, spool: Path, expected: Signature | None, keep_going: Callable[[], bool]) -> SpoolCopy:
    """Copy `source` into the folder `spool`, which is made if it is missing.

    The copy grows under another name, is fsynced, renamed, and its folder fsynced. Raises SourceChanged where the
    source has not the `expected` signature or loses its own meanwhile, SourceGone, SourceUnreadable, StorageError for
    the spool's disk, and CopyStopped within a block of `keep_going` saying no; none of them leaves anything behind.
    """
    name = uuid.uuid4().hex
    suffix = source.suffix.lower()
    partial, final = spool / (name + _PARTIAL), spool / (name + (suffix if suffix in SUFFIXES else ""))
    try:
        with _reading(source):
            reader = source.open("rb", buffering=0)
        with reader:
            with _reading(source):
                before = Signature.of(os.fstat(reader.fileno()))
            if expected is not None and before != expected:
                raise SourceChanged(str(source))
            digest = _pump(reader, source, partial, keep_going)
        with _reading(source):
            if Signature.of(source.stat()) != before:
                raise SourceChanged(str(source))
        with _writing(source):
            _publish(partial, final)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return SpoolCopy(final, digest, before)


def sweep(spool: Path) -> None:
    """Delete the unfinished copies of a process that was killed.

    Only for the one process that holds the state folder's lock, before it copies anything itself.
    """
    for partial in spool.glob(f"*{_PARTIAL}"):
        with contextlib.suppress(OSError):
            partial.unlink()


def _pump(reader: BinaryIO, source: Path, partial: Path, keep_going: Callable[[], bool]) -> str:
    """Copy all blocks and fsync; return the SHA-256 in lower-case hex."""
    digest = hashlib.sha256()
    with _writing(source):
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as writer:
            while True:
                if not keep_going():
                    raise CopyStopped(str(source))
                with _reading(source):
                    block = reader.read(_BLOCK_BYTES)
                if not block:
                    break
                digest.update(block)
                writer.write(block)
            writer.flush()
            os.fsync(writer.fileno())
    if not keep_going():
        # The fsync of a long bounce may have taken longer than the caller's patience.
        raise CopyStopped(str(source))
    return digest.hexdigest()


def _publish(partial: Path, final: Path) -> None:
    partial.replace(final)
    try:
        _sync_folder(final.parent)
    except OSError:
        final.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise SourceGone(str(source)) from error
        raise SourceUnreadable.from_reading(source, error) from error


@contextlib.contextmanager
def _writing(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.from_os(error, f"copying {source.name} to the spool") from error


if sys.platform == "win32":

    def _sync_folder(_folder: Path) -> None:
        """Windows has no such call; its rename is journalled."""

else:

    def _sync_folder(folder: Path) -> None:
        """Make a rename in this folder survive a power cut."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
