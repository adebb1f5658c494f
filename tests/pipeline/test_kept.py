from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.pipeline.kept import KeptStems


def _stems(folder: Path, size: int = 10) -> Mapping[str, Path]:
    folder.mkdir(parents=True)
    stems = {name: folder / f"{name}.wav" for name in ("vocals", "other")}
    for path in stems.values():
        path.write_bytes(bytes(size))
    return stems


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stems").mkdir()
    return tmp_path / "stems"


def test_stems_are_found_again_under_their_key(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    kept.keep("key", tmp_path / "work", _stems(tmp_path / "work"))
    assert kept.find("key") == {"vocals": root / "key/vocals.wav", "other": root / "key/other.wav"}
    assert kept.find("another") is None
    assert not (tmp_path / "work").exists()


def test_a_set_with_a_file_missing_counts_as_not_kept(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    kept.keep("key", tmp_path / "work", _stems(tmp_path / "work"))
    (root / "key/other.wav").unlink()
    assert kept.find("key") is None


def test_the_first_key_that_has_stems_is_taken(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    kept.keep("old", tmp_path / "work", _stems(tmp_path / "work"))
    assert kept.find("new", "old") == kept.find("old")
    kept.keep("new", tmp_path / "work", _stems(tmp_path / "work"))
    assert kept.find("new", "old") == kept.find("new")


def test_a_stem_that_is_added_is_found_with_the_others(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    before = kept.keep("key", tmp_path / "work", _stems(tmp_path / "work"))
    (tmp_path / "no_vocals.wav").write_bytes(b"left")
    kept.add(before, "no_vocals", tmp_path / "no_vocals.wav")
    assert kept.find("key") == {**before, "no_vocals": root / "key/no_vocals.wav"}
    assert (root / "key/no_vocals.wav").read_bytes() == b"left"


def test_a_forced_separation_replaces_the_kept_set(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    kept.keep("key", tmp_path / "a", _stems(tmp_path / "a", 1))
    kept.keep("key", tmp_path / "b", _stems(tmp_path / "b", 2))
    found = kept.find("key")
    assert found is not None
    assert found["vocals"].stat().st_size == 2


def test_the_longest_unused_sets_go_first_and_needed_ones_stay(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, cap_bytes=500)
    for age, key in enumerate(("new", "middle", "old", "needed")):
        kept.keep(key, tmp_path / key, _stems(tmp_path / key, 100))
        os.utime(root / key, (1e9 - age, 1e9 - age))
    kept.trim(frozenset({"needed"}))
    assert {folder.name for folder in root.iterdir()} == {"new", "middle", "needed"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead of modes")
def test_kept_stems_are_private_whatever_the_umask_of_the_engine(root: Path, tmp_path: Path) -> None:
    kept = KeptStems(root, 1000)
    before = os.umask(0)
    try:
        stems = kept.keep("key", tmp_path / "work", _stems(tmp_path / "work"))
        (tmp_path / "bass.wav").write_bytes(b"more")
        kept.add(stems, "bass", tmp_path / "bass.wav")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (root / "key", *(root / "key").iterdir())}
    assert modes.pop("key") == 0o700
    assert modes == dict.fromkeys(["vocals.wav", "other.wav", "bass.wav", "index.json"], 0o600)
