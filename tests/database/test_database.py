from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections import deque
from functools import partial
from pathlib import Path

import pytest

from bridge.database.database import Database
from bridge.database.sql import migrations, statements
from bridge.errors import StorageError, StoreError

SQL = "bridge.jobs.sql"


def _opened(path: Path) -> Database:
    return Database(path, package=SQL, title="job store")


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return version


def test_a_new_database_has_the_newest_schema(tmp_path: Path) -> None:
    _opened(tmp_path / "a.db").close()
    assert _version(tmp_path / "a.db") == migrations(SQL)[-1][0]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [version for version, _ in migrations(SQL)] == list(range(1, len(migrations(SQL)) + 1))


@pytest.mark.parametrize("present", range(len(migrations(SQL))))
def test_each_older_schema_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path, present: int) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    for version, script in migrations(SQL)[:present]:
        connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
    database = _opened(path)
    assert database.rows("seen") == []
    database.close()
    assert _version(path) == migrations(SQL)[-1][0]


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = _opened(path)
    first.run("remember", {"path": "x", "inode": "1", "size": 2, "mtime_ns": 3, "sha256": ""})
    first.close()
    second = _opened(path)
    assert len(second.rows("seen")) == 1
    second.close()


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="newer Stembridge"):
        _opened(path)
    assert _version(path) == 999


def test_a_file_that_is_no_database_is_told_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("This is not a database, it is a long enough text to be sure of that." * 20)
    with pytest.raises(StoreError, match="damaged"):
        _opened(path)


def test_a_folder_in_its_place_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(StorageError):
        _opened(tmp_path / "a.db")


def test_commits_are_durable(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = _opened(path)
    with database.transaction():
        assert database._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert database._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    database.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = _opened(tmp_path / "a.db")
    values = {"path": "x", "inode": "1", "size": 2, "mtime_ns": 3, "sha256": ""}

    def half_done() -> None:
        with database.transaction():
            database.run("remember", values)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert database.rows("seen") == []
    database.close()


def test_every_named_statement_is_valid_against_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    _opened(path).close()
    connection = sqlite3.connect(path)
    for name, statement in statements(SQL).items():
        names = {word.strip(",);") for word in statement.replace("(", " ").split() if word.startswith(":")}
        values = dict.fromkeys((word[1:] for word in names), "0")
        connection.execute(f"EXPLAIN {statement}", values)
        assert name.isidentifier()
    connection.close()


@pytest.mark.system("mount")
@pytest.mark.skipif(sys.platform != "linux", reason="needs a small tmpfs")
def test_a_full_disk_is_a_storage_error_and_mends_itself(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount here")
    try:
        database = _opened(tmp_path / "a.db")
        filler = tmp_path / "filler"
        values = {"inode": "1", "size": 2, "mtime_ns": 3, "sha256": "x" * 1000}
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1000))
        remember = partial(database.run, "remember")
        with pytest.raises(StorageError, match="no space") as caught:
            deque(map(remember, ({"path": str(n), **values} for n in range(1000))), maxlen=0)
        assert caught.value.code == "storage.full"
        filler.unlink()
        database.run("remember", {"path": "after", **values})
        assert any(row["path"] == "after" for row in database.rows("seen"))
        database.close()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
