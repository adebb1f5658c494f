"""The choice of storage."""

from __future__ import annotations

from pathlib import Path

from bridge.server.storage.folder import FolderStorage
from bridge.server.storage.objects import ObjectStorage
from bridge.server.storage.storage import Storage


def open_storage(folder: Path, url: str) -> Storage:
    """Return the object store at `url`, or where that is empty the folder. Raises `StorageError`, `UsageError`."""
    return ObjectStorage(url) if url else FolderStorage(folder)
