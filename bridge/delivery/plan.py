"""Decide where a take goes: the song's own folder, or a take's folder in it. Reads the disk, changes nothing."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.delivery.disk import same_content, storage_errors
from bridge.delivery.receipt import RECEIPT_NAME, Receipt, read_if_whole
from bridge.delivery.staging import staging_folder
from bridge.errors import StorageError
from bridge.units import Rebounce

DRAFT_NAME: Final = ".stems.json.part"
"""The receipt of an unfinished delivery: shows to which job the files beside it belong."""

_TAKE = re.compile(r"take (\d{1,6})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where one take goes. Kept by the job store before anything is moved, so that a restart goes on with the same."""

    song_folder: Path
    target: Path
    """The folder that will hold the stems and the receipt: the song's folder or one of a take in it."""
    take: int
    replaces: bool
    archive: Path | None
    """Where the take that is replaced is kept; None if none is."""

    def to_json(self) -> str:
        """Return the plan as one line of JSON."""
        return json.dumps(
            {
                "song_folder": str(self.song_folder),
                "target": str(self.target),
                "take": self.take,
                "replaces": self.replaces,
                "archive": None if self.archive is None else str(self.archive),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        row = json.loads(text)
        archive = row["archive"]
        return cls(
            song_folder=Path(row["song_folder"]),
            target=Path(row["target"]),
            take=row["take"],
            replaces=row["replaces"],
            archive=None if archive is None else Path(archive),
        )


def plan_delivery(output: Path, song: str, job: str, rebounce: Rebounce) -> Plan:
    """Return where the job's take goes.

    `song` is a safe name. Where the job's staging folder is there, its file names are looked at: they must not meet
    a file of the musician's. So after `DeliveryOvertaken` the second plan is another one. A job that was delivered
    before gets the folder it has. Raises `StorageError`.
    """
    with storage_errors(f'Looking for the folder of "{song}"'):
        folder = _song_folder(output, song)
        if not folder.exists() or not any(folder.iterdir()):
            return Plan(folder, folder, 1, replaces=False, archive=None)
        takes = {path: _whose(path) for path in (folder, *_take_folders(folder))}
        for path, receipt in takes.items():
            if receipt is not None and receipt.job == job:
                return Plan(folder, path, receipt.take, replaces=False, archive=None)
        return _next_take(folder, takes, staging_folder(output, job), rebounce)


def _next_take(folder: Path, takes: dict[Path, Receipt | None], staging: Path, rebounce: str) -> Plan:
    highest = max(
        [receipt.take for receipt in takes.values() if receipt]
        + [_take_number(path) for path in takes if path != folder],
        default=0,
    )
    old = takes[folder]
    if not _is_taken(folder) and not _clashes(folder, staging, ()):
        return Plan(folder, folder, highest + 1, replaces=False, archive=None)
    if (
        rebounce == "replace"
        and old
        and not (folder / DRAFT_NAME).exists()
        and not _clashes(folder, staging, old.files)
    ):
        return Plan(folder, folder, highest + 1, replaces=True, archive=_free_folder(folder, f"take {old.take:02d}"))
    # What lies in the song's folder counts as a take, even if nobody can say which.
    number = max(highest, 1) + 1
    return Plan(folder, folder / f"take {number:02d}", number, replaces=False, archive=None)


def _song_folder(output: Path, song: str) -> Path:
    """Return the song's folder as the disk spells it, or as it will be.

    The disk decides about letter case. Two normal forms of one name are one song everywhere: nobody can see the
    difference.
    """
    folder = output / song
    names = [entry.name for entry in output.iterdir()] if output.is_dir() else []
    if song not in names:
        spelled = [name for name in names if unicodedata.normalize("NFC", name) == song]
        if not spelled and folder.exists():
            spelled = [name for name in names if folder.samefile(output / name)]
        folder = output / (spelled or [song])[0]
    if folder.exists() and not folder.is_dir():
        raise StorageError(
            f"The stems of this song belong into {folder}, but a file has that name.",
            code="storage.in_the_way",
            advice="Move or rename that file.",
        )
    return folder


def _take_folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if _TAKE.match(path.name) and path.is_dir()]


def _take_number(folder: Path) -> int:
    match = _TAKE.match(folder.name)
    return int(match[1]) if match else 0


def _is_taken(folder: Path) -> bool:
    return (folder / RECEIPT_NAME).exists() or (folder / DRAFT_NAME).exists()


def _whose(folder: Path) -> Receipt | None:
    """Return the receipt in a folder, else the one a delivery on its way has left; None where none can be read."""
    return read_if_whole(folder / RECEIPT_NAME) or read_if_whole(folder / DRAFT_NAME)


def _clashes(folder: Path, staging: Path, old: tuple[str, ...]) -> bool:
    """Return whether a staged file has the name of another file in `folder` that is not one of the old take."""
    if not staging.is_dir():
        return False
    return any(
        (folder / staged.name).exists() and staged.name not in old and not same_content(staged, folder / staged.name)
        for staged in staging.iterdir()
    )


def _free_folder(folder: Path, name: str) -> Path:
    path, count = folder / name, 1
    while path.exists():
        count += 1
        path = folder / f"{name} ({count})"
    return path
