from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.files.atomic import write_atomically
from bridge.files.folders import make_empty
from bridge.files.private import close_to_others, private_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead of modes")


@pytest.fixture(autouse=True, params=[0o000, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


@pytest.mark.parametrize("before", [0o755, 0o777, 0o710])
def test_an_open_folder_is_closed_with_all_that_is_in_it(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "state"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").touch(0o666)
    folder.chmod(before)
    private_folder(folder)
    assert [mode(path) for path in (folder, folder / "sub", folder / "sub" / "file")] == [0o700, 0o700, 0o600]


def test_a_link_in_the_folder_never_changes_the_file_it_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "bounce.wav"
    outside.touch()
    outside.chmod(0o644)
    (tmp_path / "state").mkdir(0o755)
    (tmp_path / "state" / "link").symlink_to(outside)
    (tmp_path / "state").chmod(0o755)
    private_folder(tmp_path / "state")
    close_to_others(tmp_path / "state" / "link")
    assert mode(outside) == 0o644


def test_a_private_file_is_private_and_another_follows_the_umask(tmp_path: Path, umask: None) -> None:
    write_atomically(tmp_path / "key", b"x", private=True)
    write_atomically(tmp_path / "stem", b"x")
    current = os.umask(0)
    os.umask(current)
    assert (mode(tmp_path / "key"), mode(tmp_path / "stem")) == (0o600, 0o666 & ~current)


def test_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    close_to_others(tmp_path / "gone")


def test_an_emptied_folder_is_empty_and_private_where_asked(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "old").touch()
    make_empty(tmp_path / "work", private=True)
    assert (list((tmp_path / "work").iterdir()), mode(tmp_path / "work")) == ([], 0o700)
