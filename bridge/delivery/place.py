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

from bridge.delivery.archive import is_kept, keep_old_take
from bridge.delivery.disk import (
    PART_NAME,
    add,
    make_folder,
    patiently,
    same,
    storage_errors,
    swap,
    sync_file,
    sync_folder,
    write,
)
from bridge.delivery.plan import DRAFT_NAME, Plan
from bridge.delivery.receipt import RECEIPT_NAME, Receipt, Stem, read_if_whole
from bridge.delivery.staging import remove_staging
from bridge.errors import DeliveryOvertaken, StorageError

_IN_USE = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EXDEV})
"""How systems say that a folder can't be renamed onto this one: it holds something, is a link, is on another disk."""


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
            delivery.bring_stems()
            _publish(plan.target)
        remove_staging(staging)
    return plan.target


def delivered(folder: Path, job: str) -> bool:
    """Say whether `folder` holds the complete delivery of `job`: its receipt, and every file listed, not cut short."""
    receipt = read_if_whole(folder / RECEIPT_NAME)
    if receipt is None or receipt.job != job:
        return False
    least = {**dict.fromkeys(receipt.files, 1), **{stem.file: _least_size(stem) for stem in receipt.stems}}
    try:
        return all((folder / name).stat().st_size >= size for name, size in least.items())
    except FileNotFoundError:
        return False


def _least_size(stem: Stem) -> int:
    """Return the bytes that the samples of a stem take at least: all of them in a WAV, one in what is compressed."""
    container, _, depth = stem.format.partition(" ")
    bits = int(depth.rstrip("f")) if container == "wav" and depth.rstrip("f").isdigit() else 0
    return max(1, stem.frames * stem.channels * bits // 8)


@dataclass(frozen=True, slots=True)
class _Delivery:
    plan: Plan
    staging: Path
    receipt: Receipt
    old: Receipt | None

    def check(self) -> None:
        """Raise where a stem is gone or something is in the way, before anything is changed."""
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
        for staged in self._staged():
            if self._meets_a_stranger(staged):
                self._overtaken(target / staged.name)

    def bring_stems(self) -> None:
        """Bring the stems and the draft of the receipt into the target."""
        staged = self._staged()
        for path in staged:
            sync_file(path)
        if not self._rename_whole():
            self._bring_one_by_one(staged)

    def _rename_whole(self) -> bool:
        """Rename the staging folder onto a target that is not there or empty; False where that can't be."""
        target = self.plan.target
        if not self.staging.is_dir() or (target.exists() and any(target.iterdir())):
            return False
        write(self.staging / DRAFT_NAME, self.receipt.to_bytes())
        if target != self.plan.song_folder:
            make_folder(self.plan.song_folder)
        try:
            patiently(lambda: self.staging.rename(target))
        except OSError as error:
            if error.errno in _IN_USE:
                return False
            raise
        sync_folder(target.parent)
        sync_folder(self.staging.parent)
        return True

    def _bring_one_by_one(self, staged: list[Path]) -> None:
        target = self.plan.target
        make_folder(self.plan.song_folder)
        make_folder(target)
        write(target / DRAFT_NAME, self.receipt.to_bytes())
        if self.old and self.plan.archive:
            keep_old_take(self.old, target, self.plan.archive)
            patiently(lambda: (target / RECEIPT_NAME).unlink(missing_ok=True))
            sync_folder(target)
        for path in staged:
            self._bring(path, target / path.name)
        if self.old and self.plan.archive:
            self._clear_old_stems(self.old, self.plan.archive)
        sync_folder(target)

    def _bring(self, staged: Path, target: Path) -> None:
        if _is_same_entry(staged, target):
            return
        if self.old and self.plan.archive and target.exists() and is_kept(target, self.old, self.plan.archive):
            swap(staged, target)
            return
        if same(staged, target):
            return
        try:
            add(staged, target)
        except FileExistsError:
            self._overtaken(target)

    def _clear_old_stems(self, old: Receipt, archive: Path) -> None:
        """Take the stems that only the old take has out of the song's folder; its archive holds them."""
        for name in set(old.files) - set(self.receipt.files):
            path = self.plan.target / name
            if same(archive / name, path):
                patiently(path.unlink)

    def _meets_a_stranger(self, staged: Path) -> bool:
        target = self.plan.target / staged.name
        if not os.path.lexists(target) or same(staged, target):
            return False
        if self.old is None or self.plan.archive is None:
            return True
        if (self.plan.archive / RECEIPT_NAME).exists():
            return not is_kept(target, self.old, self.plan.archive)
        return not any(_is_same_entry(target, self.plan.target / name) for name in self.old.files)

    def _overtaken(self, stranger: Path) -> None:
        """Take back what of ours is in the target, and say what is in the way."""
        for staged in self._staged():
            ours = self.plan.target / staged.name
            if _is_same_entry(staged, ours):
                ours.unlink()
        for name in (DRAFT_NAME, PART_NAME):
            (self.plan.target / name).unlink(missing_ok=True)
        raise DeliveryOvertaken(f"{stranger} is not a file of this take.")

    def _staged(self) -> list[Path]:
        if not self.staging.is_dir():
            return []
        return sorted(path for path in self.staging.iterdir() if path.name not in {DRAFT_NAME, PART_NAME})


def _old_take(plan: Plan, receipt: Receipt) -> Receipt | None:
    """Return the receipt of the take to be replaced, from its archive once it is there.

    Raises `DeliveryOvertaken` where the target holds a receipt that is neither that one nor the job's own.
    """
    present = plan.target / RECEIPT_NAME
    there = read_if_whole(present)
    kept = None if plan.archive is None else read_if_whole(plan.archive / RECEIPT_NAME)
    if not present.exists() or (there and there.job == receipt.job):
        return kept
    if plan.archive is None or there is None or (kept and kept.job != there.job):
        raise DeliveryOvertaken(f"{plan.target} holds another take by now.")
    return there


def _publish(target: Path) -> None:
    patiently(lambda: (target / DRAFT_NAME).replace(target / RECEIPT_NAME))
    sync_folder(target)


def _is_same_entry(one: Path, other: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return one.samefile(other)
    return False
