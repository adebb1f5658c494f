"""SQLite as every store here needs it: one connection for all threads, durable commits, migrations, own errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.database.sql import migrations, statements
from bridge.errors import StorageError, StoreError
from bridge.files.private import OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, close_to_others

BUSY_TIMEOUT_S = 10.0


class Database:
    """A WAL database with `synchronous=FULL`: once a commit returns, it survives a power cut.

    Several processes may open it at once (the daemon and the command line); threads share one connection under a lock.
    """

    def __init__(self, path: Path, *, package: str, title: str) -> None:
        """Open or create the database at `path` with the SQL of `package`; messages call it `title`.

        It is closed to other users. Raises `StorageError` for its disk, and `StoreError` where it is damaged or was
        written by a newer version.
        """
        self._package = package
        self._title = title
        self._lock = threading.RLock()
        self._version = -1
        with _our_errors(path, title):
            path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            _make_private(path)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
        self._path = path
        try:
            self._check_pages()
            self._require_write_access()
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection; SQLite then folds the write-ahead log into the database."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside the block, or nothing where it raises."""
        with self._lock, _our_errors(self._path, self._title):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT (a full disk) may have rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def run(self, statement: str, values: Mapping[str, Any] | None = None) -> int:
        """Run a named statement and return how many rows it changed."""
        with self._lock, _our_errors(self._path, self._title):
            return self._connection.execute(statements(self._package)[statement], values or {}).rowcount

    def rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[sqlite3.Row]:
        """Run a named query and return its rows."""
        with self._lock, _our_errors(self._path, self._title):
            return self._connection.execute(statements(self._package)[statement], values or {}).fetchall()

    def changed_elsewhere(self) -> bool:
        """Say whether another process has committed since this was last asked. Costs microseconds."""
        with self._lock, _our_errors(self._path, self._title):
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            before, self._version = self._version, version
        return version != before

    def _check_pages(self) -> None:
        # A few milliseconds for a job store; without it damage shows up as any error at any later time.
        with self._lock, _our_errors(self._path, self._title):
            found: str = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _damaged(self._path, self._title, found)

    def _require_write_access(self) -> None:
        # SQLite silently opens a file read-only that it cannot write, and stays so while connected.
        with self._lock, _our_errors(self._path, self._title):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute("PRAGMA user_version = 0")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _migrate(self) -> None:
        newest = migrations(self._package)[-1][0]
        with self.transaction():
            present: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if present > newest:
                raise StoreError(
                    f"{self._path} was written by a newer Stembridge (schema {present}, this one knows {newest}).",
                    advice="Update Stembridge, or choose another folder.",
                )
            for version, script in migrations(self._package):
                if version > present:
                    self._apply(version, script)

    def _apply(self, version: int, script: str) -> None:
        # executescript() would commit the transaction around it.
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                self._connection.execute(statement)
                statement = ""
        self._connection.execute(f"PRAGMA user_version = {version}")


def _make_private(path: Path) -> None:
    """Close the database to other users; SQLite gives its -wal and -shm files the mode of the database."""
    # Never open an existing one here: closing it would release the POSIX locks of this process's other connections.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY_FILE))
    for suffix in ("", "-wal", "-shm"):
        close_to_others(path.with_name(path.name + suffix))


def _damaged(path: Path, title: str, why: str) -> StoreError:
    return StoreError(
        f"The {title} {path} is damaged: {' '.join(why.split())}.",
        advice="Move that file away and start again; your bounces and deliveries are not touched.",
    )


@contextmanager
def _our_errors(path: Path, title: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary == sqlite3.SQLITE_FULL:
            raise StorageError(
                f"There is no space left for the {title} {path}.",
                code="storage.full",
                advice="Free some space on that disk; the work goes on by itself.",
            ) from error
        if primary in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY}:
            raise StorageError(
                f"The {title} {path} cannot be read or written: {error}.",
                code="storage.failed",
                advice="Check that the disk is there and that Stembridge may write to the folder.",
            ) from error
        if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _damaged(path, title, str(error)) from error
        raise StoreError(f"The {title} {path} refused a statement: {error}.") from error
    except UnicodeDecodeError as error:  # SQLite's message quotes the damaged bytes
        raise _damaged(path, title, "text in it is not UTF-8") from error
    except OSError as error:
        raise StorageError.from_os(error, f"opening the {title}") from error
