"""The uploads: whose they are and how old. The files themselves lie in storage, under the same names."""

from __future__ import annotations

from collections.abc import Callable

from bridge.database.database import Database


class Uploads:
    """Every upload that was granted and not yet cleaned up."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def grant(self, name: str, key: int) -> None:
        """Note an upload to come."""
        self._database.run("insert_upload", {"name": name, "key": key, "now": self._clock()})

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
