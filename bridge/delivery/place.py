"""Put a rendered take in place: the stems, then the receipt.

One order of steps, each durable before the next and each a no-op where it was done before, so that after a kill at
any point the same call completes the same delivery:

1. the receipt, under a hidden name: says whose the files around it are, and leaves nothing to write at the end;
2. where an old take is replaced: the old one complete in its archive, then its receipt gone (now "not ready");
3. the stems: the whole staging folder in one rename, or one by one where the folder is in use;
4. the receipt, by a rename (now ready); the staging folder away.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from bridge.delivery.archive import OldTake, same_entry
from bridge.delivery.disk import (
    PARTIAL_NAMES,
    link_or_move,
    link_over,
    make_folder,
    same_content,
    storage_errors,
    write,
)
from bridge.delivery.plan import DRAFT_NAME, Plan
from bridge.delivery.receipt import RECEIPT_NAME, Receipt, Stem, read_if_whole
from bridge.delivery.staging import remove_staging
from bridge.errors import DeliveryOvertaken, StorageError
from bridge.files.held import retry_while_held
from bridge.files.sync import sync_file, sync_folder

_IN_USE = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EXDEV})
"""Errors when a folder cannot be renamed onto this one: not empty, a link, or on another disk."""


def place(plan: Plan, staging: Path, receipt: Receipt) -> Path:
    """Deliver the files in `staging`, which must hold every file of the receipt and nothing else; return the folder.

    If there was an earlier call for the same job, `plan` and `staging` must be the same as then. Raises
    `StorageError`: of these, `DeliveryOvertaken` asks for another plan, and the code "storage.staging_gone" says that
    the stems have to be rendered again; any other can be tried again as it is.
    """
    with storage_errors(f'Delivering the stems of "{receipt.song}"'):
        if not delivered(plan.target, receipt.job):
            delivery = _Delivery(plan, staging, receipt, _old_take(plan, receipt))
            delivery.check()
            delivery.place_stems()
            _publish(plan.target)
        remove_staging(staging)
    return plan.target


def delivered(folder: Path, job: str) -> bool:
    """Return whether `folder` holds the complete delivery of `job`: its receipt, and every listed file in full size."""
    receipt = read_if_whole(folder / RECEIPT_NAME)
    if receipt is None or receipt.job != job:
        return False
    least = {**dict.fromkeys(receipt.files, 1), **{stem.file: _least_size(stem) for stem in receipt.stems}}
    try:
        return all((folder / name).stat().st_size >= size for name, size in least.items())
    except FileNotFoundError:
        return False


def _least_size(stem: Stem) -> int:
    """Return the least size of a stem in bytes: all its samples in a WAV, 1 where it is compressed."""
    container, _, depth = stem.format.partition(" ")
    bits = int(depth.rstrip("f")) if container == "wav" and depth.rstrip("f").isdigit() else 0
    return max(1, stem.frames * stem.channels * bits // 8)


@dataclass(frozen=True, slots=True)
class _Delivery:
    plan: Plan
    staging: Path
    receipt: Receipt
    old: OldTake | None

    def check(self) -> None:
        """Raise where a stem is gone or another file is in the way, before anything is changed."""
        target = self.plan.target
        draft = read_if_whole(target / DRAFT_NAME)
        if draft is not None and draft.job != self.receipt.job:
            raise DeliveryOvertaken(f"Another delivery into {target} is not finished.")
        ours = draft is not None
        for name in self.receipt.files:
            if not (self.staging / name).is_file() and not (ours and (target / name).is_file()):
                raise StorageError(
                    f"The rendered stem {self.staging / name} is gone.",
                    code="storage.staging_gone",
                    advice="Retry the job: its stems are rendered again.",
                )
        strangers = [target / staged.name for staged in self._staged() if self._would_overwrite_other_file(staged)]
        if self.old and (kept := self.old.stranger()):
            strangers.append(kept)
        if strangers:
            self._overtaken(strangers[0])

    def place_stems(self) -> None:
        """Put the stems and the draft of the receipt into the target."""
        staged = self._staged()
        for path in staged:
            sync_file(path)
        if not self._rename_whole():
            self._place_one_by_one(staged)

    def _rename_whole(self) -> bool:
        """Rename the staging folder onto a target that is not there or empty; False where that can't be."""
        target = self.plan.target
        if not self.staging.is_dir() or (target.exists() and any(target.iterdir())):
            return False
        write(self.staging / DRAFT_NAME, self.receipt.to_bytes())
        if target != self.plan.song_folder:
            make_folder(self.plan.song_folder)
        try:
            retry_while_held(lambda: self.staging.rename(target))
        except OSError as error:
            if error.errno in _IN_USE:
                return False
            raise
        sync_folder(target.parent)
        with contextlib.suppress(FileNotFoundError):  # another job that ended just now found it empty
            sync_folder(self.staging.parent)
        return True

    def _place_one_by_one(self, staged: list[Path]) -> None:
        target = self.plan.target
        make_folder(self.plan.song_folder)
        make_folder(target)
        write(target / DRAFT_NAME, self.receipt.to_bytes())
        if self.old:
            self.old.make_room()
        for path in staged:
            self._place(path, target / path.name)
        if self.old:
            self.old.clear(but=self.receipt.files)
        sync_folder(target)

    def _place(self, staged: Path, target: Path) -> None:
        if same_entry(staged, target):
            return
        if self.old and self.old.may_be_replaced(target):
            link_over(staged, target)
            return
        if same_content(staged, target):
            return
        try:
            link_or_move(staged, target)
        except FileExistsError:
            self._overtaken(target)

    def _would_overwrite_other_file(self, staged: Path) -> bool:
        target = self.plan.target / staged.name
        if not os.path.lexists(target) or same_content(staged, target):
            return False
        return self.old is None or not self.old.may_be_replaced(target)

    def _overtaken(self, stranger: Path) -> None:
        """Remove our files from the target again, and raise with the file that is in the way."""
        for staged in self._staged():
            ours = self.plan.target / staged.name
            if same_entry(staged, ours):
                ours.unlink()
        for name in {DRAFT_NAME, *PARTIAL_NAMES}:
            (self.plan.target / name).unlink(missing_ok=True)
        raise DeliveryOvertaken(f"{stranger} is not a file of this take.")

    def _staged(self) -> list[Path]:
        if not self.staging.is_dir():
            return []
        return sorted(path for path in self.staging.iterdir() if path.name not in {DRAFT_NAME, *PARTIAL_NAMES})


def _old_take(plan: Plan, receipt: Receipt) -> OldTake | None:
    """Return the take to be replaced, known by its archived receipt once that is there; None where none is.

    Raises `DeliveryOvertaken` where the target holds a receipt that is neither that one nor the job's own.
    """
    present = plan.target / RECEIPT_NAME
    there = read_if_whole(present)
    kept = None if plan.archive is None else read_if_whole(plan.archive / RECEIPT_NAME)
    old = kept or (there if plan.archive else None)
    if present.exists() and (there is None or there.job not in {receipt.job, old.job if old else receipt.job}):
        raise DeliveryOvertaken(f"{plan.target} holds another take by now.")
    if plan.archive is None or old is None or old.job == receipt.job:
        return None
    return OldTake(old, plan.target, plan.archive)


def _publish(target: Path) -> None:
    retry_while_held(lambda: (target / DRAFT_NAME).replace(target / RECEIPT_NAME))
    sync_folder(target)
