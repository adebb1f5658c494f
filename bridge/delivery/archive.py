"""Keep an old take complete before a new one takes its place."""

from __future__ import annotations

import os
from pathlib import Path

from bridge.delivery.disk import copy, keep, make_folder, same, sync_folder
from bridge.delivery.receipt import RECEIPT_NAME, Receipt
from bridge.errors import DeliveryOvertaken


def keep_old_take(old: Receipt, song_folder: Path, archive: Path) -> None:
    """Make `archive` a complete take of its own: every file of the old one that is still there, then its receipt.

    The files become hard links, or copies where the file system has none. Does nothing where it was done before.
    Raises `DeliveryOvertaken` where a stranger's file is in the archive, and `OSError`.
    """
    if (archive / RECEIPT_NAME).exists():
        return
    make_folder(archive)
    for name in old.files:
        source, target = song_folder / name, archive / name
        if not source.exists():
            continue
        if not os.path.lexists(target):
            keep(source, target)
        elif not same(source, target):
            raise DeliveryOvertaken(f"{target} was there before the old take could be kept in it.")
    sync_folder(archive)
    copy(song_folder / RECEIPT_NAME, archive / RECEIPT_NAME)


def is_kept(path: Path, old: Receipt, archive: Path) -> bool:
    """Say whether `path`, in the song's folder, is a file of the old take that its archive holds as well."""
    return any(
        (path.parent / name).exists() and path.samefile(path.parent / name) and same(archive / name, path)
        for name in old.files
    )
