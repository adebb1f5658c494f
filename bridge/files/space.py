"""Check for free space before writing, so that a full disk stops a step at its start."""

from __future__ import annotations

import shutil
from pathlib import Path

from bridge.errors import StorageError

_SPARE = 16 * 2**20
_SPARE_SHARE = 50
"""What stays free: 16 MiB, on tiny disks a fiftieth."""


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise `StorageError` where the disk that holds `folder` has fewer than `needed` bytes free for `what`."""
    try:
        total, _, free = shutil.disk_usage(folder)
    except OSError as error:
        raise StorageError.from_os(error, f"looking at the disk for {what}") from error
    if free < needed + min(_SPARE, total // _SPARE_SHARE):
        raise StorageError(
            f"Too little space for {what} on the disk of {folder}: {_size(needed)} needed, {_size(free)} free.",
            code="storage.full",
            advice="Free some space on that disk.",
        )


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.1f} GB" if unit == "GB" else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
