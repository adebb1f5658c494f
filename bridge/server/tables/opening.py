"""Opening the server's database, which the command line and the running server share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.database.database import Database
from bridge.server import sql
from bridge.server.tables.keys import Keys
from bridge.server.tables.ledger import Ledger
from bridge.server.tables.tasks import Tasks
from bridge.server.tables.uploads import Uploads

DATABASE_NAME = "server.db"


@dataclass(frozen=True, slots=True)
class Tables:
    """All that the server knows. One commit is one promise; threads and processes may share it."""

    database: Database
    keys: Keys
    ledger: Ledger
    tasks: Tasks
    uploads: Uploads

    def secret(self) -> bytes:
        """Return the 256-bit secret that links are signed with: made once, the same after every restart."""
        self.database.run("keep_secret", {"value": secrets.token_bytes(32)})
        value: bytes = self.database.rows("secret")[0]["value"]
        return value


def open_tables(folder: Path, clock: Callable[[], float] = time.time) -> Tables:
    """Open or make the database in `folder`. Raises `StorageError` or `StoreError`."""
    database = Database(folder / DATABASE_NAME, package=sql.__name__, title="server's database")
    ledger = Ledger(database, clock)
    return Tables(
        database,
        Keys(database, ledger, clock),
        ledger,
        Tasks(database, ledger, clock),
        Uploads(database, ledger, clock),
    )
