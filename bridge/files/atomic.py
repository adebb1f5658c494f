"""Files that appear complete or not at all: written under a partial name, flushed, renamed.

A partial file has one naming everywhere: hidden, `.NAME.partial`, beside its final place.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from bridge.files.held import retry_while_held
from bridge.files.private import OWNER_ONLY_FILE
from bridge.files.sync import sync_folder

PARTIAL_SUFFIX: Final = ".partial"

_LONGEST_NAME_BYTES = 255


def partial_path(final: Path) -> Path:
    """Return where the file `final` is written until it is complete.

    The same file always has the same partial name, so that the next try overwrites what a killed process left.
    """
    name = final.name
    while len(os.fsencode(name)) + len(PARTIAL_SUFFIX) + 1 > _LONGEST_NAME_BYTES:
        name = name[1:]  # the end of a name says more than its beginning: "Song - vocals.wav"
    return final.with_name(f".{name}{PARTIAL_SUFFIX}")


@contextlib.contextmanager
def writing(
    final: Path, *, partial: Path | None = None, private: bool = False, durable: bool = True
) -> Iterator[BinaryIO]:
    """Give a file to write; on leaving the block without an error it replaces `final`. On an error nothing is left.

    `private` creates it with mode 0600 whatever the umask is. Without `durable` a power cut may lose the new content,
    never mix it with the old. Raises `OSError`.
    """
    partial = partial or partial_path(final)
    try:
        # A new file, never the old one written over: that may be a second name of a file that must not change.
        partial.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(partial, flags, OWNER_ONLY_FILE if private else 0o666), "w+b") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        rename_into_place(partial, final, durable=durable)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def write_atomically(
    final: Path, content: bytes, *, partial: Path | None = None, private: bool = False, durable: bool = True
) -> None:
    """Put a file with this content in place of whatever was there; see `writing`. Raises `OSError`."""
    with writing(final, partial=partial, private=private, durable=durable) as file:
        file.write(content)


def rename_into_place(partial: Path, final: Path, *, durable: bool = True) -> None:
    """Give a complete, flushed file its final name. Raises `OSError`."""
    retry_while_held(lambda: partial.replace(final))
    if durable:
        sync_folder(final.parent)


def remove_partials(folder: Path, *older_patterns: str) -> None:
    """Delete the partial files that a killed process left in `folder`, and those of names of older versions.

    Only for the one process that writes into this folder, before it begins.
    """
    for pattern in (f".*{PARTIAL_SUFFIX}", *older_patterns):
        for leftover in folder.glob(pattern):
            with contextlib.suppress(OSError):
                leftover.unlink()
