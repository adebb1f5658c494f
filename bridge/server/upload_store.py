"""Files of uploads together with their rows, so that no file stays behind that no row knows."""

from __future__ import annotations

from bridge.server.links import UPLOADS
from bridge.server.storage.storage import Incoming, Storage
from bridge.server.tables.uploads import Uploads


class UploadStore:
    """Keeps and removes uploads; used by several threads at once. Every method raises `StorageError`."""

    def __init__(self, storage: Storage, uploads: Uploads) -> None:
        self._storage = storage
        self._uploads = uploads

    def keep(self, name: str, incoming: Incoming) -> bool:
        """Keep what was received, and return True; False where the upload was removed meanwhile."""
        incoming.commit()
        # Asked after the commit: whoever removes the row before that cannot have seen the file.
        if self._uploads.owner(name) is not None:
            return True
        self._storage.delete(f"{UPLOADS}/{name}")
        return False

    def remove(self, name: str) -> None:
        """Remove an upload, also while its bytes still come."""
        # First the file, so that after a kill in between the row still knows it; and once more for a PUT that was
        # complete in between.
        self._storage.delete(f"{UPLOADS}/{name}")
        self._uploads.forget(name)
        self._storage.delete(f"{UPLOADS}/{name}")
