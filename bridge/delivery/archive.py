"""Keep an old take complete before a new one takes its place."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from bridge.delivery.disk import copy, link_or_copy, make_folder, same_content
from bridge.delivery.receipt import RECEIPT_NAME, Receipt
from bridge.files.held import retry_while_held
from bridge.files.sync import sync_folder


@dataclass(frozen=True, slots=True)
class OldTake:
    """A take in the song's folder that a new one replaces, and the folder into which it moves."""

    receipt: Receipt
    folder: Path
    archive: Path

    def make_room(self) -> None:
        """Make the archive a complete take, then remove the old receipt: the song's folder is not ready now.

        Every file that is still there becomes a hard link, or a copy where the file system has none; the receipt comes
        last. What was done before is not done again. Raises `OSError`.
        """
        if not self._is_archived():
            make_folder(self.archive)
            for name in self.receipt.files:
                if (self.folder / name).exists() and not os.path.lexists(self.archive / name):
                    link_or_copy(self.folder / name, self.archive / name)
            sync_folder(self.archive)
            copy(self.folder / RECEIPT_NAME, self.archive / RECEIPT_NAME)
        retry_while_held(lambda: (self.folder / RECEIPT_NAME).unlink(missing_ok=True))
        sync_folder(self.folder)

    def may_be_replaced(self, path: Path) -> bool:
        """Return whether `path`, in the song's folder, belongs to this take and did not come there later."""
        names = [name for name in self.receipt.files if same_entry(path, self.folder / name)]
        return any(not self._is_archived() or same_content(self.archive / name, path) for name in names)

    def clear(self, but: tuple[str, ...]) -> None:
        """Remove the files that are in the archive from the song's folder, `but` those the new take has as well."""
        for name in set(self.receipt.files) - set(but):
            path = self.folder / name
            if same_content(self.archive / name, path):
                retry_while_held(path.unlink)

    def stranger(self) -> Path | None:
        """Return a file in the archive that blocks one of this take's; None where nothing is in the way."""
        if self._is_archived():
            return None
        pairs = ((self.folder / name, self.archive / name) for name in self.receipt.files)
        return next(
            (kept for ours, kept in pairs if os.path.lexists(kept) and ours.exists() and not same_content(ours, kept)),
            None,
        )

    def _is_archived(self) -> bool:
        return (self.archive / RECEIPT_NAME).exists()


def same_entry(one: Path, other: Path) -> bool:
    """Return whether two names lead to one file, as two spellings or two hard links do."""
    with contextlib.suppress(FileNotFoundError):
        return one.samefile(other)
    return False
