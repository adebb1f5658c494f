from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from bridge.files import atomic
from bridge.files.atomic import partial_path, remove_partials, write_atomically, writing


def refuse_folders(code: int) -> Callable[[int], None]:
    """Act as a file system that cannot fsync a folder."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    return fsync


def test_a_written_file_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"a much longer old content")
    write_atomically(tmp_path / "a.json", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.json", b"new")]


def test_until_the_block_ends_the_old_content_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with writing(tmp_path / "a") as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "a").read_bytes() == b"old"
        assert partial_path(tmp_path / "a").read_bytes() == b"new"


def test_an_error_in_the_block_leaves_the_old_file_and_no_partial_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "a") as file:
        file.write(b"%d" % (1 // 0))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_a_partial_file_of_a_killed_process_is_replaced_and_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"another file")
    partial_path(tmp_path / "a").hardlink_to(tmp_path / "other")
    write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / "other").read_bytes() == b"another file"


@pytest.mark.parametrize("name", ["n" * 255, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 127, "short.wav"])
def test_every_name_that_a_file_can_have_has_a_partial_name(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"x")
    assert partial_path(tmp_path / name).name[0] == "."
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name == "nt", reason="folders are not fsynced on Windows")
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_cannot_fsync_folders_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(os, "fsync", refuse_folders(code))
    write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.skipif(os.name == "nt", reason="folders are not fsynced on Windows")
def test_a_disk_error_while_fsyncing_the_folder_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refuse_folders(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        write_atomically(tmp_path / "a", b"x")


def test_a_file_that_need_not_be_durable_is_not_fsynced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_descriptor: int) -> NoReturn:
        pytest.fail("fsynced")

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "a", b"x", durable=False)
    assert (tmp_path / "a").read_bytes() == b"x"


def test_partial_files_of_this_and_older_versions_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.wav.partial", "0123.partial", "a.wav", "b.part"):
        (tmp_path / name).touch()
    remove_partials(tmp_path, "*.partial")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.part"]
    assert atomic.PARTIAL_SUFFIX == ".partial"
