from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.errors import StorageError, UsageError
from bridge.server.storage.folder import FolderStorage
from bridge.server.storage.objects import ObjectStorage
from bridge.server.storage.opening import open_storage
from bridge.server.storage.storage import Storage

CONTENT = bytes(range(256)) * 9000


@pytest.fixture(params=["folder", "objects", "objects in memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    (tmp_path / "objects").mkdir()
    make: dict[str, Callable[[], Storage]] = {
        "folder": lambda: FolderStorage(tmp_path / "files"),
        "objects": lambda: ObjectStorage(f"file://{(tmp_path / 'objects').as_posix()}"),
        "objects in memory": lambda: ObjectStorage("memory:///"),
    }
    return make[request.param]()


def test_what_is_received_is_there_after_the_commit_and_not_before(storage: Storage) -> None:
    incoming = storage.receive("uploads/a.wav")
    incoming.write(CONTENT[:1000])
    assert storage.size("uploads/a.wav") is None
    incoming.write(CONTENT[1000:])
    incoming.commit()
    incoming.abort()
    assert storage.size("uploads/a.wav") == len(CONTENT)
    assert b"".join(storage.read("uploads/a.wav", 0, len(CONTENT))) == CONTENT
    assert b"".join(storage.read("uploads/a.wav", 5, 7)) == CONTENT[5:12]
    assert b"".join(storage.read("uploads/a.wav", 5, 0)) == b""


def test_what_is_aborted_never_was(storage: Storage, tmp_path: Path) -> None:
    incoming = storage.receive("uploads/a.wav")
    incoming.write(b"abc")
    incoming.abort()
    assert storage.size("uploads/a.wav") is None


def test_a_stem_is_put_and_written_over(storage: Storage, tmp_path: Path) -> None:
    for content in (b"first", CONTENT):
        (tmp_path / "stem").write_bytes(content)
        storage.put("results/x/vocals.wav", tmp_path / "stem")
    assert b"".join(storage.read("results/x/vocals.wav", 0, len(CONTENT))) == CONTENT


def test_a_file_is_copied_out_for_an_engine(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "stem").write_bytes(CONTENT)
    storage.put("uploads/a", tmp_path / "stem")
    storage.copy_to("uploads/a", tmp_path / "input")
    assert (tmp_path / "input").read_bytes() == CONTENT
    storage.delete("uploads/a")
    assert (tmp_path / "input").read_bytes() == CONTENT


def test_what_is_not_there_is_told(storage: Storage, tmp_path: Path) -> None:
    storage.delete("uploads/none")
    assert storage.size("uploads/none") is None
    with pytest.raises(StorageError):
        storage.copy_to("uploads/none", tmp_path / "input")
    with pytest.raises(StorageError):
        list(storage.read("uploads/none", 0, 1))


def test_a_task_leaves_no_empty_folder(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "files")
    for name in ("results/x/a.wav", "results/x/b.wav"):
        (tmp_path / "stem").write_bytes(b"abc")
        storage.put(name, tmp_path / "stem")
        storage.delete(name)
    assert list((tmp_path / "files" / "results").iterdir()) == []


def test_what_a_killed_process_had_not_finished_is_thrown_away(tmp_path: Path) -> None:
    program = "import os, sys; from pathlib import Path; from bridge.server.storage.folder import FolderStorage as F;"
    program += "F(Path(sys.argv[1])).receive('uploads/a.wav').write(bytes(10**6)); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == 9
    assert list((tmp_path / "uploads").iterdir())
    FolderStorage(tmp_path)
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".hidden", "a\\b", "ä"])
def test_a_folder_takes_no_name_that_is_not_ours(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError):
        FolderStorage(tmp_path / "files").size(name)


def test_a_wrong_address_of_an_object_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="objects"):
        open_storage(tmp_path, "nonsense://x")
    with pytest.raises(UsageError, match="objects"):
        open_storage(tmp_path, "no address")
