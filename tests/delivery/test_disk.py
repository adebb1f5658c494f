from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.delivery import disk
from bridge.delivery.disk import PARTIAL_NAME, storage_errors
from bridge.errors import StorageError
from bridge.files.held import retry_while_held

Put = Callable[[Path, Path], None]


class HeldOnWindows(PermissionError):
    """What Windows raises for a file that another program has open."""

    winerror = 32


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    path = tmp_path / "staged.wav"
    path.write_bytes(b"new")
    return path


@pytest.mark.parametrize("put", [disk.link_or_move, disk.link_over, disk.link_or_copy, disk.copy])
def test_each_way_gives_the_place_the_whole_content(tmp_path: Path, stem: Path, put: Put) -> None:
    put(stem, tmp_path / "stem.wav")
    assert (tmp_path / "stem.wav").read_bytes() == b"new"
    assert not (tmp_path / PARTIAL_NAME).exists()


def test_a_file_that_is_there_is_never_added_over(tmp_path: Path, stem: Path) -> None:
    (tmp_path / "stem.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        disk.link_or_move(stem, tmp_path / "stem.wav")
    assert (tmp_path / "stem.wav").read_bytes() == b"mine"
    assert stem.exists()


@pytest.mark.parametrize("put", [disk.link_over, disk.copy])
def test_a_swapped_file_leaves_its_other_names_alone(tmp_path: Path, stem: Path, put: Put) -> None:
    (tmp_path / "stem.wav").write_bytes(b"old")
    (tmp_path / "kept.wav").hardlink_to(tmp_path / "stem.wav")
    put(stem, tmp_path / "stem.wav")
    assert (tmp_path / "stem.wav").read_bytes() == b"new"
    assert (tmp_path / "kept.wav").read_bytes() == b"old"


@pytest.mark.parametrize("put", [lambda source, target: disk.write(target, b"x"), disk.copy, disk.link_over])
def test_what_a_kill_left_over_is_never_written_through(tmp_path: Path, stem: Path, put: Put) -> None:
    (tmp_path / "other.wav").write_bytes(b"another stem")
    (tmp_path / PARTIAL_NAME).hardlink_to(tmp_path / "other.wav")
    put(stem, tmp_path / "stem.wav")
    assert (tmp_path / "other.wav").read_bytes() == b"another stem"
    assert not (tmp_path / PARTIAL_NAME).exists()


@pytest.mark.parametrize("put", [disk.link_or_move, disk.link_over, disk.link_or_copy])
def test_another_volume_gets_a_copy(elsewhere: Path, stem: Path, put: Put) -> None:
    put(stem, elsewhere / "stem.wav")
    assert [(path.name, path.read_bytes()) for path in elsewhere.iterdir()] == [("stem.wav", b"new")]


def test_files_are_the_same_by_what_they_hold(tmp_path: Path, stem: Path) -> None:
    (tmp_path / "link.wav").hardlink_to(stem)
    (tmp_path / "copy.wav").write_bytes(b"new")
    (tmp_path / "other.wav").write_bytes(b"old")
    assert disk.same_content(stem, tmp_path / "link.wav")
    assert disk.same_content(stem, tmp_path / "copy.wav")
    assert not disk.same_content(stem, tmp_path / "other.wav")
    assert not disk.same_content(stem, tmp_path / "none.wav")
    assert not disk.same_content(tmp_path, tmp_path)


def test_a_folder_is_not_made_where_its_disk_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk.make_folder(tmp_path / "gone" / "Mix")


def test_a_file_held_for_good_is_an_error_that_says_to_close_it() -> None:
    pauses: list[float] = []

    def rename() -> None:
        raise HeldOnWindows(errno.EACCES, "The process cannot access the file", "Mix - vocals.wav")

    with (
        pytest.raises(StorageError, match=r"Delivering: .* \(Mix - vocals.wav\)") as error,
        storage_errors("Delivering"),
    ):
        retry_while_held(rename, pauses.append)
    assert error.value.code == "storage.locked"
    assert "DAW" in error.value.advice
    assert error.value.retryable
    assert 1 < sum(pauses) < 2
