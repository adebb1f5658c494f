"""The part of the job store about the inbox: which of its files have been dealt with."""

from __future__ import annotations

from pathlib import Path

from bridge.database.database import Database
from bridge.jobs.arrival import Signature
from bridge.jobs.rows import signature_columns, signature_of


class InboxMemory:
    """Files by their paths, each with the signature and the content it had. Methods raise `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self) -> dict[str, Signature]:
        """Return the signature of every file that has been dealt with, by its path."""
        return {row["path"]: signature_of(row) for row in self._database.rows("seen")}

    def content_of(self, source: Path) -> str | None:
        """Return the SHA-256 that the file had when it was dealt with, "" where it had no job; None for a new file."""
        rows = self._database.rows("seen_content", {"path": str(source)})
        return str(rows[0]["sha256"]) if rows else None

    def remember(self, source: Path, signature: Signature, sha256: str = "") -> None:
        """Remember a file as dealt with; without a hash no job was made of it."""
        values = {"path": str(source), **signature_columns(signature), "sha256": sha256}
        self._database.run("remember", values)

    def forget(self, source: Path) -> None:
        """Forget a file."""
        self._database.run("forget_seen", {"path": str(source)})
