"""The uploads: whose they are and how old. The files themselves lie in storage, under the same names."""

from __future__ import annotations

from collections.abc import Callable

from bridge.database.database import Database
from bridge.protocol.codes import Code
from bridge.server.refused import Refused
from bridge.server.tables.ledger import Ledger


class Uploads:
    """Every upload that was granted and not yet cleaned up."""

    def __init__(self, database: Database, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    def grant(self, name: str, key: int, size: int, most: int) -> None:
        """Note an upload of `size` bytes to come.

        Raises `Refused`: with 100100 for a key without credit, with 101004 where all uploads of the key together would
        take more than `most` bytes (0: no bound).
        """
        with self._database.transaction():
            self._ledger.require(key, 1)
            taken = self._database.rows("uploaded", {"key": key})[0]["bytes"]
            if most and taken + size > most:
                raise Refused(
                    Code.CONCURRENCY_LIMITED,
                    f"The uploads of this key take {taken} of {most} bytes; delete some, or wait until they expire",
                )
            self._database.run("insert_upload", {"name": name, "key": key, "size": size, "now": self._clock()})

    def owner(self, name: str) -> int | None:
        """Return whose upload it is, None where there is none of this name."""
        rows = self._database.rows("upload", {"name": name})
        return rows[0]["key"] if rows else None

    def granted_before(self, moment: float) -> list[str]:
        """Return the names of all uploads older than a moment, oldest first."""
        return [row["name"] for row in self._database.rows("uploads_before", {"before": moment})]

    def forget(self, name: str) -> None:
        """Forget an upload, whose file is gone."""
        self._database.run("forget_upload", {"name": name})
