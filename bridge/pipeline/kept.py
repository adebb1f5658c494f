"""Kept stems: what an engine made of some audio, so that the same audio costs no time or money again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import StorageError
from bridge.files.atomic import rename_into_place, write_atomically
from bridge.files.private import close_to_others
from bridge.files.sync import sync_file, sync_folder
from bridge.jobs.job import Job, stems_key
from bridge.separation.registry import ENGINES

_INDEX = "index.json"


def kept_under(job: Job) -> tuple[str, ...]:
    """Return the keys under which a job's stems may be kept, the one to use first.

    The second is the key of versions that kept the stems of each model apart. Nothing is written under it any more.
    """
    engine = ENGINES.get(job.spec.engine)
    if engine is None:
        return (job.key,)
    return job.key, stems_key(job.sha256, f"{job.spec.model}|{engine.name}|{engine.revision}")


class KeptStems:
    """One folder of stems for each key. It appears in one rename, complete; stems may be added later."""

    def __init__(self, root: Path, cap_bytes: int) -> None:
        """`cap_bytes` is what all sets together may take; beyond it `trim` removes the sets not used for longest."""
        self._root = root
        self._cap_bytes = cap_bytes

    def find(self, *keys: str) -> Mapping[str, Path] | None:
        """Return the stems kept under the first of these keys that has any, by name; None if none has."""
        return next((stems for key in keys if (stems := self._read(self._root / key))), None)

    def _read(self, folder: Path) -> Mapping[str, Path] | None:
        try:
            names: dict[str, str] = json.loads((folder / _INDEX).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        stems = {name: folder / file for name, file in names.items()}
        if not all(path.is_file() for path in stems.values()):
            return None
        os.utime(folder)  # used now: `trim` takes the others first
        return stems

    def add(self, kept: Mapping[str, Path], name: str, stem: Path) -> None:
        """Move the file `stem` into the set `kept`, which `find` gave, under this name. Raises `StorageError`."""
        folder = next(iter(kept.values())).parent
        files = {known: path.name for known, path in kept.items()}
        try:
            close_to_others(stem)
            sync_file(stem)
            rename_into_place(stem, folder / f"{name}.wav")
            write_atomically(folder / _INDEX, json.dumps({**files, name: f"{name}.wav"}).encode(), private=True)
        except OSError as error:
            raise StorageError.from_os(error, "keeping the separated stems") from error

    def keep(self, key: str, folder: Path, stems: Mapping[str, Path]) -> Mapping[str, Path]:
        """Take over `folder` with the `stems` in it, in place of what was kept under the key. Raises `StorageError`."""
        try:
            index = folder / _INDEX
            index.write_text(json.dumps({name: path.name for name, path in stems.items()}), "utf-8")
            for path in (*stems.values(), index):
                close_to_others(path)
                sync_file(path)
            close_to_others(folder)
            sync_folder(folder)
            target = self._root / key
            if target.exists():
                shutil.rmtree(target)
            folder.replace(target)
            sync_folder(self._root)
        except OSError as error:
            raise StorageError.from_os(error, "keeping the separated stems") from error
        return {name: target / path.name for name, path in stems.items()}

    def trim(self, needed: frozenset[str]) -> None:
        """Remove the sets not used for longest until the rest fits the cap; those in `needed` stay."""
        sets = sorted(
            (folder for folder in self._root.iterdir() if folder.is_dir()),
            key=lambda folder: folder.stat().st_mtime,
            reverse=True,
        )
        total = 0
        for folder in sets:
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > self._cap_bytes and folder.name not in needed:
                shutil.rmtree(folder, ignore_errors=True)
