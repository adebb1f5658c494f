"""The lock in Lua and the reference in Python keep each other out."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bridge.delivery.claim import LOCK, claim
from tests.scripts.reaper.conftest import Studio


@pytest.fixture
def folder(studio: Studio) -> Path:
    return studio.deliver()


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(f"{LOCK}*")]


def test_each_sees_the_others_lock(studio: Studio, folder: Path) -> None:
    lua = studio.part("claim")
    taken = lua.take(str(folder), "song.rpp")
    assert claim(folder, "Live", "song.als") is None
    assert (folder / LOCK / "by").read_text().splitlines()[:2] == ["REAPER", "song.rpp"]
    lua.release(taken)
    with claim(folder, "Live", "song.als") as other:  # type: ignore[union-attr]
        assert other.locked
        assert lua.take(str(folder), "song.rpp") is None
    assert left(folder) == []


def age(folder: Path, seconds: float) -> None:
    """Make a lock as old as that of an importer that crashed so long ago."""
    (folder / LOCK / "by").write_text(f"Live\nsong.als\n{time.time() - seconds:.3f}\n")


@pytest.mark.parametrize("seconds", [121, -121, 1e9])
def test_a_crashed_importers_lock_is_taken_over(studio: Studio, folder: Path, seconds: float) -> None:
    assert claim(folder, "Live", "song.als") is not None
    age(folder, seconds)
    lua = studio.part("claim")
    taken = lua.take(str(folder), "song.rpp")
    assert taken.locked
    lua.release(taken)
    assert left(folder) == []


def test_a_living_importers_lock_is_not(studio: Studio, folder: Path) -> None:
    assert claim(folder, "Live", "song.als") is not None
    age(folder, 100)
    assert studio.part("claim").take(str(folder), "song.rpp") is None
    assert left(folder) == [LOCK]


def test_a_lock_that_was_taken_over_is_not_given_back_by_its_first_owner(studio: Studio, folder: Path) -> None:
    lua = studio.part("claim")
    first = lua.take(str(folder), "song.rpp")
    age(folder, 121)
    second = lua.take(str(folder), "song.rpp")
    lua.release(first)
    assert left(folder) == [LOCK]
    lua.release(second)
    assert left(folder) == []


@pytest.mark.parametrize("file", ["by", "by.new"])
def test_a_lock_that_does_not_say_its_age_is_stale_two_minutes_after_it_was_seen(
    studio: Studio, folder: Path, file: str
) -> None:
    (folder / LOCK).mkdir()
    (folder / LOCK / file).write_text("half")
    for seconds in (0, 60, 59):
        studio.reaper.now_s += seconds
        assert studio.part("claim").take(str(folder), "song.rpp") is None
        assert left(folder) == [LOCK]
    studio.reaper.now_s += 2
    lua = studio.part("claim")
    taken = lua.take(str(folder), "song.rpp") or lua.take(str(folder), "song.rpp")
    assert taken.locked
    lua.release(taken)
    assert left(folder) == []


def test_nobody_ever_sees_a_lock_without_its_file(studio: Studio, folder: Path) -> None:
    """An empty folder would let another one be renamed onto it."""
    assert claim(folder, "Live", "song.als") is not None
    age(folder, 121)
    lua = studio.part("claim")
    lua.release(lua.take(str(folder), "song.rpp"))
    parents = {Path(path).parent.name for path in studio.reaper.removed}
    assert len(parents - {folder.name}) == 3, "the old lock, the takeover, our lock"
    assert not parents & {LOCK, f"{LOCK}-takeover"}


def test_a_takeover_of_another_importer_is_left_to_it_until_it_is_old(studio: Studio, folder: Path) -> None:
    takeover = folder / f"{LOCK}-takeover"
    assert claim(folder, "Live", "song.als") is not None
    age(folder, 121)
    takeover.mkdir()
    (takeover / "by").write_text(f"Live\nsong.als\n{time.time():.3f}\n")
    lua = studio.part("claim")
    assert lua.take(str(folder), "song.rpp") is None
    assert sorted(left(folder)) == [LOCK, takeover.name]
    (takeover / "by").write_text(f"Live\nsong.als\n{time.time() - 121:.3f}\n")
    taken = lua.take(str(folder), "song.rpp") or lua.take(str(folder), "song.rpp")
    lua.release(taken)
    assert left(folder) == []


def test_where_lua_cannot_rename_the_stamp_alone_counts(studio: Studio) -> None:
    studio.wait_for("Grün")
    folder = studio.deliver("Grün")
    other = claim(folder, "Live", "song.als")
    assert other is not None
    studio.reaper.narrow_paths = True
    studio.action("Import finished stems")
    assert studio.reaper.front.tracks == []
    other.release()
    studio.action("Import finished stems")
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def race(folder: Path, importers: list[Any], stamps: list[str], together: threading.Barrier) -> None:
    """Let each importer claim, look whether another is inside, and stamp, until all stamps are set."""
    inside, most = [0], [0]

    def work(take: Any, release: Any, name: str) -> None:
        together.wait()
        done = 0
        while done < 20:
            held = take()
            if held is None:
                continue
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            stamps.append(name)
            os.sched_yield() if hasattr(os, "sched_yield") else time.sleep(0)
            inside[0] -= 1
            release(held)
            done += 1

    threads = [threading.Thread(target=work, args=importer) for importer in importers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


@pytest.mark.parametrize("crashed", [False, True])
def test_only_one_importer_is_ever_inside(studio: Studio, folder: Path, crashed: bool) -> None:
    if crashed:
        assert claim(folder, "Live", "song.als") is not None
        age(folder, 121)
    importers: list[Any] = []
    for number in range(2):
        lua = studio.part("claim")
        importers.append((lambda lua=lua: lua.take(str(folder), "song.rpp"), lua.release, f"lua {number}"))
        importers.append((lambda: claim(folder, "Live", "song.als"), lambda held: held.release(), f"python {number}"))
    stamps: list[str] = []
    race(folder, importers, stamps, threading.Barrier(len(importers)))
    assert len(stamps) == 80
    assert left(folder) == []
