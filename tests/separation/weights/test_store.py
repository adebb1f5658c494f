from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import LinkRefused, StorageError, TransferCut, WeightsError
from bridge.separation.weights import store as module
from bridge.separation.weights.catalogue import WeightsFile
from bridge.separation.weights.fetching import over_http
from bridge.separation.weights.store import WeightsStore
from tests.transfer.file_server import CONTENT, FileServer, serving

FILE = WeightsFile(
    name="toy",
    file="toy.safetensors",
    urls=(),
    revision="1",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    licence_source="here",
    seen="2026-11",
    about="a toy",
)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer()) as state:
        yield state


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path / "models")


def fetched(store: WeightsStore, server: FileServer, mirror: str = "") -> Path:
    wanted = dataclasses.replace(FILE, urls=(server.url,))
    return store.fetch(wanted, over_http, lambda _count, _whole: None, mirror)


def test_what_is_fetched_is_the_file_under_its_name_and_trusted(store: WeightsStore, server: FileServer) -> None:
    path = fetched(store, server)
    assert path.read_bytes() == CONTENT
    assert path.name == FILE.file
    assert store.is_present(FILE)
    assert fetched(store, server) == path
    assert len(server.asked) == 1


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_download_that_is_cut_goes_on_where_it_was(store: WeightsStore, server: FileServer, tenth: int) -> None:
    server.cut = len(CONTENT) * tenth // 10
    if tenth > 1:  # each try brings something, so it goes on until it is whole
        assert fetched(store, server).read_bytes() == CONTENT
        assert server.asked[1].startswith("bytes=")
        return
    with pytest.raises(TransferCut):
        fetched(store, server)
    assert not store.is_present(FILE)
    server.cut = None
    assert fetched(store, server).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT + b"x", CONTENT[:-1], b""])
def test_another_file_is_refused_and_not_kept(store: WeightsStore, server: FileServer, content: bytes) -> None:
    server.content = content
    with pytest.raises((WeightsError, TransferCut)) as caught:
        fetched(store, server)
    if isinstance(caught.value, WeightsError):
        assert FILE.sha256 in caught.value.message
    assert not store.path(FILE).exists()


def test_an_address_that_has_it_no_more_is_followed_by_the_next(store: WeightsStore, server: FileServer) -> None:
    with serving(FileServer(status=404)) as gone:
        wanted = dataclasses.replace(FILE, urls=(gone.url, server.url))
        assert store.fetch(wanted, over_http, lambda _count, _whole: None).read_bytes() == CONTENT
        with pytest.raises(LinkRefused):
            WeightsStore(store.folder / "other").fetch(
                dataclasses.replace(FILE, urls=(gone.url,)), over_http, lambda _count, _whole: None
            )


def test_a_mirror_is_asked_instead(store: WeightsStore, server: FileServer) -> None:
    with serving(FileServer()) as mirror:
        fetched(store, server, mirror.url)
        assert (len(mirror.asked), len(server.asked)) == (1, 0)


def test_of_two_at_once_one_downloads_for_both(store: WeightsStore, server: FileServer) -> None:
    threads = [threading.Thread(target=fetched, args=(WeightsStore(store.folder), server)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.path(FILE).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_killed_in_the_middle_the_next_one_goes_on(store: WeightsStore, server: FileServer) -> None:
    code = f"""
import dataclasses, os
from tests.separation.weights.test_store import *
def received(count, whole):
    if count > {len(CONTENT) // 2}:
        os.kill(os.getpid(), {int(signal.SIGKILL)})
WeightsStore(Path({str(store.folder)!r})).fetch(dataclasses.replace(FILE, urls=({server.url!r},)), over_http, received)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not store.path(FILE).exists()
    assert fetched(store, server).read_bytes() == CONTENT
    assert server.asked[1].startswith("bytes=")


def test_a_file_that_changed_since_it_was_trusted_is_hashed_again(store: WeightsStore, server: FileServer) -> None:
    path = fetched(store, server)
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(WeightsError, match="is not the file it should be"):
        store.require(FILE)
    path.write_bytes(CONTENT)
    os.utime(path, ns=(1, 1))
    assert store.require(FILE) == path


def test_a_file_that_was_brought_is_known_by_its_hash(
    store: WeightsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = tmp_path / "download (1)"
    brought.write_bytes(CONTENT)
    with pytest.raises(WeightsError, match=FILE.sha256):
        store.import_file(brought)
    monkeypatch.setattr(module, "by_sha256", {FILE.sha256: FILE}.get)
    assert store.import_file(brought) == FILE
    assert store.require(FILE).read_bytes() == CONTENT
    assert brought.exists()


def test_what_is_removed_is_gone_with_all_that_belongs_to_it(store: WeightsStore, server: FileServer) -> None:
    fetched(store, server)
    assert store.remove(FILE) >= len(CONTENT)
    assert [path.name for path in store.folder.iterdir() if not path.name.endswith(".lock")] == []
    with pytest.raises(WeightsError, match="are not here") as caught:
        store.require(FILE)
    assert "stembridge models fetch toy" in caught.value.advice


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        fetched(WeightsStore(tmp_path / "file" / "models"), server)
