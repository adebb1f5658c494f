"""The lock in Ardour's Lua and the reference in Python keep each other out."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.delivery import claim as reference
from tests.scripts.ardour.ardour_parts import Parts, deliver, run_as_nobody

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour ask a POSIX shell for folders")


@pytest.fixture
def parts() -> Parts:
    return Parts()


def test_the_lock_keeps_the_reference_out_and_leaves_nothing_behind(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "it's a song")
    before = sorted(folder.iterdir())
    taken = parts.claim.take(str(folder), "Ardour", "/sessions/Evening\nof\nJune")
    assert taken is not None
    assert reference.claim(folder, "other", "project") is None
    assert parts.claim.take(str(folder), "Ardour", "again") is None
    name, project, since, *_ = (folder / ".importing" / "by").read_text("utf-8").split("\n")
    assert (name, project) == ("Ardour", "/sessions/Evening of June")
    assert abs(time.time() - int(since)) < 60
    parts.claim.refresh(taken)
    assert parts.claim.held(taken)
    parts.claim.release(taken)
    assert sorted(folder.iterdir()) == before


def test_the_lock_waits_for_the_reference_and_takes_over_when_that_has_crashed(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    theirs = reference.claim(folder, "other", "project")
    assert theirs is not None
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    theirs.release()
    assert reference.claim(folder, "other", "project", clock=lambda: time.time() - 121) is not None
    ours = parts.claim.take(str(folder), "Ardour", "Evening")
    assert ours is not None
    assert parts.claim.held(ours)
    parts.claim.release(ours)
    assert not list(folder.glob(".importing*"))


def test_a_lock_that_was_taken_over_is_not_given_back(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    ours = parts.claim.take(str(folder), "Ardour", "Evening")
    by = folder / ".importing" / "by"
    by.write_text("another\nproject\n1\n", "utf-8")
    parts.claim.release(ours)
    assert by.exists()


def test_a_lock_of_somebody_who_wrote_nothing_into_it_counts_by_its_age(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    lock = folder / ".importing"
    lock.mkdir()
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    os.utime(lock, (time.time() - 300,) * 2)
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None


def make_old(folder: Path) -> None:
    os.utime(folder, (time.time() - 300,) * 2)


def test_a_takeover_that_was_killed_holds_the_next_up_only_once(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    reference.claim(folder, "other", "project", clock=lambda: 1.0)
    takeover = folder / ".importing-takeover"
    takeover.mkdir()
    (takeover / "by").write_text("REAPER\n\n1\n")
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None, "it may still be at it"
    make_old(takeover)
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None
    assert [path.name for path in folder.glob(".importing*")] == [".importing"]


def test_a_takeover_says_whose_it_is_so_that_nobody_can_be_renamed_onto_it(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    reference.claim(folder, "other", "project", clock=lambda: 1.0)
    seen = []

    def rename(old: str, new: str) -> bool | None:
        if new.endswith("-takeover"):
            seen.append((Path(old) / "by").read_text("utf-8").splitlines()[0])
            assert not Path(new).exists()
        try:
            Path(old).rename(new)
        except OSError:
            return None
        return True

    parts.lua.globals()["os"]["rename"] = rename
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None
    assert seen == ["Ardour"]


@pytest.fixture
def read_only() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("age_s", [None, 10, 121])
def test_on_a_folder_that_can_only_be_read_only_a_young_lock_holds_us_up(read_only: Path, age_s: int | None) -> None:
    if age_s is not None:
        reference.claim(read_only, "other", "project", clock=lambda: time.time() - age_s)
    read_only.chmod(0o555)
    before = sorted(read_only.rglob("*"))
    parts = Parts(run_as_nobody)
    taken = parts.claim.take(str(read_only), "Ardour", "Evening")
    assert (taken is None) == (age_s == 10)
    if taken is not None:
        assert parts.claim.held(taken)
        parts.claim.release(taken)
    assert sorted(read_only.rglob("*")) == before
