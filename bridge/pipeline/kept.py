"""Kept stems: what an engine once made of some audio, so that a re-drop costs neither time nor money."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import StorageError

_INDEX = "index.json"


class KeptStems:
    """A folder of stems by key. A key's folder appears in one rename and is whole from then on."""

    def __init__(self, root: Path, cap_bytes: int) -> None:
        """`cap_bytes` is what all sets together may take; `trim` removes the longest unused ones beyond it."""
        self._root = root
        self._cap_bytes = cap_bytes

    def find(self, key: str) -> Mapping[str, Path] | None:
        """Return the stems kept under a key by name, or None."""
        folder = self._root / key
        try:
            names: dict[str, str] = json.loads((folder / _INDEX).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        stems = {name: folder / file for name, file in names.items()}
        if not all(path.is_file() for path in stems.values()):
            return None
        os.utime(folder)  # used now: `trim` takes the others first
        return stems

    def keep(self, key: str, folder: Path, stems: Mapping[str, Path]) -> Mapping[str, Path]:
        """Take over `folder` with the `stems` in it, in place of what was kept under the key. Raises `StorageError`."""
        try:
            index = folder / _INDEX
            index.write_text(json.dumps({name: path.name for name, path in stems.items()}), "utf-8")
            for path in (*stems.values(), index):
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            target = self._root / key
            if target.exists():
                shutil.rmtree(target)
            folder.replace(target)
        except OSError as error:
            raise StorageError.from_os(error, "keeping the separated stems") from error
        return {name: target / path.name for name, path in stems.items()}

    def trim(self, needed: frozenset[str]) -> None:
        """Remove the longest unused sets until the rest fits the cap; those in `needed` stay."""
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
