"""Cleaning up: uploads and results are kept for a while and no longer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from bridge.errors import StembridgeError
from bridge.separation.catalogue import models
from bridge.server.links import UPLOADS, Links, result_name
from bridge.server.log import note
from bridge.server.storage.storage import Storage
from bridge.server.tables.opening import Tables
from bridge.server.upload_store import UploadStore

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 600.0


def clean(tables: Tables, storage: Storage, uploads: UploadStore, links: Links, before: float) -> int:
    """Remove the files of tasks that ended, and of uploads made, before a moment; return how many things went.

    What a task still has to read stays. The file goes before what the database knows of it: a kill in between leaves
    something to clean up again, never a file that nobody knows of. Raises `StorageError`.
    """
    gone = 0
    while ended := tables.tasks.ended_before(before):
        for task in ended:
            # Also of a task that failed while its stems were being kept.
            possible = models()[task.model].stems if task.model in models() else ()
            for stem in {*task.stems, *possible, "other"}:
                storage.delete(result_name(task.id, stem))
            tables.tasks.expire(task)
        gone += len(ended)
    wanted = {links.own_upload(url) for url in tables.tasks.inputs_to_come()}
    for file in tables.uploads.granted_before(before):
        if f"{UPLOADS}/{file}" not in wanted:
            uploads.remove(file)
            gone += 1
    return gone


class Cleaner:
    """Cleans up now and then, on a thread of its own."""

    def __init__(
        self,
        tables: Tables,
        storage: Storage,
        uploads: UploadStore,
        links: Links,
        *,
        retention_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._tables, self._storage, self._uploads, self._links = tables, storage, uploads, links
        self._retention_s = retention_s
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cleaner")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = min(LONGEST_PAUSE_S, self._retention_s / 4)
        while not self._stopping.is_set():
            try:
                gone = clean(self._tables, self._storage, self._uploads, self._links, self._clock() - self._retention_s)
                if gone:
                    note(log, "cleaned", things=gone)
            except StembridgeError as error:
                log.warning("%s %s", error, error.advice)
            self._stopping.wait(pause_s)
