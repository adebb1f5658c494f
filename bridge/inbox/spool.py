"""Copy a bounce into the spool and hash it on the way. A file with its final name there is complete and on disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bridge.errors import StorageError
from bridge.files.atomic import partial_path, remove_partials, rename_into_place
from bridge.files.private import open_private, private_folder
from bridge.files.regular import open_regular
from bridge.files.space import require_space
from bridge.jobs.arrival import Signature
from bridge.media.formats import SUFFIXES

_BLOCK_BYTES = 1 << 20
_SPACE_CHECK_BYTES = 64 << 20
"""How often the free space is looked at during a copy: other programs fill the same disk."""
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


class SourceUnreadable(StorageError):
    """The bounce's own disk or permissions are at fault, not the spool's: other bounces may still be readable."""

    default_code = "bounce.denied"
    default_advice = "Check the file's permissions and its disk; it is tried again by itself."

    @classmethod
    def from_reading(cls, source: Path, error: OSError) -> SourceUnreadable:
        """Translate an `OSError` raised while examining or reading the bounce."""
        return cls(f"{source} cannot be read: {error.strerror or error}.")


class SourceGone(Exception):
    """The bounce was removed or renamed: no error to report."""


class SourceChanged(Exception):
    """The bounce was written to, or replaced, before the copy was complete."""


class CopyStopped(Exception):
    """The caller asked to stop. Nothing is left in the spool."""


@dataclass(frozen=True, slots=True)
class SpoolCopy:
    """A complete copy, on disk."""

    path: Path
    sha256: str
    signature: Signature
    """Of the source, the same before and after the copy."""


def copy_to_spool(source: Path, spool: Path, expected: Signature | None, keep_going: Callable[[], bool]) -> SpoolCopy:
    """Copy `source` into the folder `spool`, which is made if it is missing.

    The copy is written under a partial name, flushed and renamed. Raises `SourceChanged` where the source does not have
    the `expected` signature or changes during the copy, `SourceGone`, `SourceUnreadable` (also for a pipe or a device),
    `StorageError` for the spool's disk (too little space: before the first byte is copied), and `CopyStopped` within
    one block after `keep_going` returned False. None of them leaves a file behind.
    """
    suffix = source.suffix.lower()
    final = spool / (uuid.uuid4().hex + (suffix if suffix in SUFFIXES else ""))
    partial = partial_path(final)
    try:
        with _reading(source):
            reader = open_regular(source)
        with reader:
            with _reading(source):
                before = Signature.of(os.fstat(reader.fileno()))
            if expected is not None and before != expected:
                raise SourceChanged(str(source))
            digest = _copy_blocks(_Copy(reader, source, before.size, partial), keep_going)
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
    """Delete the incomplete copies of a process that was killed.

    Only for the one process that holds the state folder's lock, before it copies anything itself.
    """
    remove_partials(spool, "*.partial")  # older versions did not hide them


@dataclass(frozen=True, slots=True)
class _Copy:
    reader: BinaryIO
    source: Path
    size: int
    partial: Path


def _copy_blocks(copy: _Copy, keep_going: Callable[[], bool]) -> str:
    """Copy all blocks and flush them to the disk; return the SHA-256 in lower-case hex."""
    digest = hashlib.sha256()
    with _writing(copy.source):
        private_folder(copy.partial.parent)
        with open(copy.partial, "xb", opener=open_private) as writer:
            for block in _blocks(copy, keep_going):
                digest.update(block)
                writer.write(block)
            writer.flush()
            os.fsync(writer.fileno())
    if not keep_going():
        # The fsync of a long bounce may have taken longer than the caller's patience.
        raise CopyStopped(str(copy.source))
    return digest.hexdigest()


def _blocks(copy: _Copy, keep_going: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the source's blocks, never more bytes than it had when it was opened."""
    copied = checked = 0
    _require_space(copy, copied)
    while True:
        if not keep_going():
            raise CopyStopped(str(copy.source))
        with _reading(copy.source):
            block = copy.reader.read(_BLOCK_BYTES)
        if not block:
            return
        copied += len(block)
        if copied > copy.size:
            raise SourceChanged(str(copy.source))
        if copied - checked >= _SPACE_CHECK_BYTES:
            _require_space(copy, copied)
            checked = copied
        yield block


def _require_space(copy: _Copy, copied: int) -> None:
    """Raise `StorageError` where the rest does not fit: the job store on the same disk must stay writable."""
    require_space(copy.partial.parent, copy.size - copied, f"the copy of {copy.source.name} in the spool")


def _publish(partial: Path, final: Path) -> None:
    try:
        rename_into_place(partial, final)
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
