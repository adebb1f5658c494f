"""The incomplete file on the disk, and the validator under which its bytes came. Both survive a killed process."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from bridge.files.atomic import partial_path, rename_into_place, write_atomically
from bridge.files.sync import sync_file

_BLOCK_BYTES = 1 << 20


class PartialFile:
    """What is there of `target` so far. All methods raise `OSError`."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = partial_path(target)
        self._validator = partial_path(target.with_name(f"{target.name}.validator"))

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def range_headers(self) -> Mapping[str, str]:
        """Return the request headers that ask for the rest; none where the file has to be fetched from its start."""
        validator = self._validator.read_text("latin-1") if self._validator.exists() else ""
        return {"Range": f"bytes={self.size}-", "If-Range": validator} if validator and self.size else {}

    def begin(self, start: int, validator: str) -> None:
        """Prepare for bytes from `start` on; 0 discards what was there.

        Without a validator nothing is resumed later.
        """
        if start:
            return
        # The order matters for a kill in between: bytes must never lie beside the validator of another file.
        self.discard()
        with self.path.open("xb"):
            pass
        if validator:
            write_atomically(self._validator, validator.encode("latin-1"), durable=False)

    def discard(self) -> None:
        """Delete what was there."""
        self.path.unlink(missing_ok=True)
        self._validator.unlink(missing_ok=True)

    def sha256(self) -> str:
        """Return the SHA-256 of the bytes on the disk in lower-case hex, those of earlier processes included."""
        digest = hashlib.sha256()
        with self.path.open("rb", buffering=0) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def finish(self) -> None:
        """Give the complete file its name."""
        sync_file(self.path)
        rename_into_place(self.path, self._target)
        with contextlib.suppress(OSError):
            self._validator.unlink()
