"""Publishing by our own signed URL: the bridge serves the file itself, behind the user's tunnel or reverse proxy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.publish.names import expiry
from bridge.publish.published_files import PublishedFiles
from bridge.publish.publisher import Published
from bridge.publish.signing import sign
from bridge.units import Progress, no_progress
from bridge.web.listening import Address

if TYPE_CHECKING:
    from bridge.publish.file_server import FileServer

NAME = "own_url"


class OwnUrl:
    """Nothing is uploaded: whoever has the URL fetches from here. Files stay published across a restart."""

    name = NAME

    def __init__(self, folder: Path, public_url: str, address: Address, now: Callable[[], float] = time.time) -> None:
        """Keep files in `folder`; `public_url` is where the tunnel or proxy shows what listens on `address`."""
        self._files = PublishedFiles(folder, now)
        self._public_url = public_url.rstrip("/")
        self._address = address
        self._now = now
        self._server: FileServer | None = None
        self._key = b""
        self._starting = threading.Lock()

    @property
    def port(self) -> int:
        """The port it listens on, 0 while it does not."""
        return self._server.port if self._server else 0

    def start(self) -> None:
        """Serve what is still published, again after a restart. Raises `PublisherUnavailable`, `StorageError`."""
        with self._starting:
            if self._server is None:
                # The web framework: half a second and some memory, which no other way of publishing needs.
                from bridge.publish.file_server import FileServer

                self._files.sweep()
                self._key = self._files.key()
                self._server = FileServer(self._files, self._key, self._address, self._now)

    def stop(self) -> None:
        """Serve nothing any more; the files stay."""
        with self._starting:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        """Put the file where it is served, and sign its URL."""
        self.start()
        published = self._files.add(path, name, lifetime_s, progress)
        signature = sign(self._key, "GET", published, expiry(published) or 0)
        return Published(f"{self._public_url}/{signature}/{published}", published)

    def withdraw(self, handle: str) -> None:
        """Delete the file here; the original stays. Raises `StorageError`."""
        self._files.remove(handle)
