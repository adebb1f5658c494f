from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.server.storage.folder import FolderStorage
from bridge.server.tables.opening import open_tables

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead of modes")


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("earlier", [None, 0o755, 0o777])
def test_what_the_server_stores_is_private_whatever_the_umask_or_an_earlier_folder(
    tmp_path: Path, earlier: int | None
) -> None:
    root = tmp_path / "server"
    if earlier is not None:
        (root / "files" / "uploads").mkdir(parents=True)
        (root / "files" / "uploads" / "old").touch()
        for path in (root, *root.rglob("*")):
            path.chmod(earlier)
    tables = open_tables(root)
    storage = FolderStorage(root / "files")
    incoming = storage.receive("uploads/name")
    incoming.write(b"sound")
    incoming.commit()
    (tmp_path / "stem.wav").touch(0o666)
    storage.put("tasks/1/vocals.wav", tmp_path / "stem.wav")
    everything = [path for path in root.rglob("*") if path.stat().st_mode & 0o077]
    tables.database.close()
    assert everything == []
