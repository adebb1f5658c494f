from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.delivery.claim import LOCK, STALE_S, Claim, claim

NOW = 1_790_000_000.0

IMPORTERS = 5
DELIVERIES = 40


def now() -> float:
    return NOW


def later() -> float:
    return NOW + STALE_S + 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stems.json").write_text("{}")
    return tmp_path


def taken(folder: Path, clock: Callable[[], float] = now) -> Claim:
    made = claim(folder, "REAPER", "/songs/one.rpp", clock)
    assert made is not None
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_who_claims_says_who_it_is(folder: Path) -> None:
    taken(folder)
    lines = (folder / LOCK / "by").read_text().splitlines()
    assert lines[:3] == ["REAPER", "/songs/one.rpp", "1790000000.000"]


def test_a_line_break_in_a_project_name_does_not_shift_the_time(folder: Path) -> None:
    assert claim(folder, "Live", "/songs/one\ntwo.als", now)
    assert (folder / LOCK / "by").read_text().splitlines()[2] == "1790000000.000"


def test_a_second_importer_waits_until_the_first_is_through(folder: Path) -> None:
    first = taken(folder)
    assert claim(folder, "Live", "", now) is None
    first.release()
    assert claim(folder, "Live", "", now) is not None


def test_nothing_of_a_claim_stays_behind(folder: Path) -> None:
    with taken(folder):
        assert names(folder) == [LOCK, "stems.json"]
        assert claim(folder, "Live", "", now) is None
        assert names(folder) == [LOCK, "stems.json"]
    assert names(folder) == ["stems.json"]


def test_a_failed_import_gives_the_claim_back(folder: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), taken(folder):
        _ = 1 / 0
    assert names(folder) == ["stems.json"]


def test_a_crashed_importers_lock_is_taken_over_once_it_is_old(folder: Path) -> None:
    crashed = taken(folder)
    assert claim(folder, "Live", "", lambda: NOW + STALE_S - 1) is None
    heir = claim(folder, "Live", "", later)
    assert heir is not None
    assert heir.held()
    assert not crashed.held()
    assert names(folder) == [LOCK, "stems.json"]


def test_who_was_only_slow_leaves_the_heirs_lock_alone(folder: Path) -> None:
    slow = taken(folder)
    heir = taken(folder, later)
    slow.refresh()
    slow.release()
    assert heir.held()
    heir.release()
    assert names(folder) == ["stems.json"]


def test_a_long_import_keeps_its_lock_by_saying_so(folder: Path) -> None:
    at = NOW
    long = taken(folder, lambda: at)
    at += STALE_S
    long.refresh()
    assert claim(folder, "Live", "", later) is None
    assert long.held()
    assert names(folder / LOCK) == ["by"]


def test_a_lock_from_the_future_is_as_old_as_one_from_the_past(folder: Path) -> None:
    taken(folder, later)
    assert claim(folder, "Live", "", now) is not None


@pytest.mark.parametrize("by", [None, b"", b"Live\n/song.als", b"Live\n/song.als\nyesterday\n", b"\xff\n\xff\n\xff"])
def test_a_lock_that_does_not_tell_its_age_is_as_old_as_its_folder(folder: Path, by: bytes | None) -> None:
    (folder / LOCK).mkdir()
    (folder / LOCK / "by" if by is not None else folder / LOCK / "other").write_bytes(by or b"")
    os.utime(folder / LOCK, (NOW, NOW))
    assert claim(folder, "Live", "", lambda: NOW + STALE_S - 1) is None
    assert claim(folder, "Live", "", later) is not None


def test_a_file_in_the_locks_place_is_a_lock_too(folder: Path) -> None:
    (folder / LOCK).write_text("made by hand")
    os.utime(folder / LOCK, (NOW, NOW))
    assert claim(folder, "Live", "", now) is None
    with taken(folder, later):
        assert (folder / LOCK).is_dir()
    assert names(folder) == ["stems.json"]


def test_what_killed_importers_left_half_way_is_cleared_by_the_next(folder: Path) -> None:
    for name in ("-1234", "-stale-5678", "-takeover"):
        (folder / (LOCK + name)).mkdir()
        (folder / (LOCK + name) / "by").write_text("Live\n\n1\n")
        os.utime(folder / (LOCK + name), (NOW, NOW))
    taken(folder).release()
    assert len(names(folder)) == 4, "they may still be at it"
    taken(folder, later).release()
    assert names(folder) == ["stems.json"]


def test_a_takeover_that_was_killed_holds_the_next_up_only_once(folder: Path) -> None:
    taken(folder)
    takeover = folder / f"{LOCK}-takeover"
    takeover.mkdir()
    (takeover / "by").write_text(f"REAPER\n\n{NOW:.0f}\n")
    os.utime(takeover, (NOW, NOW))
    assert claim(folder, "Live", "", later) is None
    with taken(folder, later):
        assert names(folder) == [LOCK, "stems.json"]


def during_a_takeover(folder: Path, happens: Callable[[Path], None]) -> Claim | None:
    """Take an old lock over; what happens then, happens while `.importing-takeover` is ours."""
    taken(folder)
    takeover = folder / f"{LOCK}-takeover"
    seen: list[Path] = []

    def clock() -> float:
        if takeover.exists() and not seen:
            seen.append(takeover)
            happens(takeover)
        return later()

    heir = claim(folder, "Live", "", clock)
    assert seen
    return heir


def test_two_never_take_one_lock_over_at_once_even_by_renaming_onto_it(folder: Path) -> None:
    def another_tries(takeover: Path) -> None:
        assert (takeover / "by").read_text().startswith("Live\n")
        (folder / "mine").mkdir()
        (folder / "mine" / "by").write_text("REAPER\n")
        with pytest.raises(OSError, match=r"not empty|exists|denied"):
            (folder / "mine").rename(takeover)

    assert during_a_takeover(folder, another_tries) is not None
    assert names(folder) == [LOCK, "mine", "stems.json"]


def test_who_lost_the_takeover_by_being_slow_leaves_that_of_another_alone(folder: Path) -> None:
    def another_has_it(takeover: Path) -> None:
        (takeover / "by").write_text("REAPER\n")

    during_a_takeover(folder, another_has_it)
    assert (folder / f"{LOCK}-takeover" / "by").read_text() == "REAPER\n"


def test_who_judged_a_lock_old_before_another_took_it_over_leaves_the_others_alone(folder: Path) -> None:
    taken(folder)
    quick: list[Claim] = []

    def slowed_down() -> float:
        if not quick:
            quick.append(taken(folder, later))
        return later()

    assert claim(folder, "slow", "", slowed_down) is None
    assert quick[0].held()


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        claim(tmp_path / "gone", "Live", "", now)


def test_a_lock_that_went_with_its_folder_is_no_trouble(folder: Path) -> None:
    held = taken(folder)
    folder.rename(folder.with_name("elsewhere"))
    held.refresh()
    held.release()


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder for somebody whom permissions bind: root may write anywhere, whatever the mode says."""
    if sys.platform == "win32":
        pytest.skip("folders have no such mode there")
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("stale", [False, True])
def test_on_a_folder_that_can_only_be_read_there_is_no_lock_and_the_stamp_counts(read_only: Path, stale: bool) -> None:
    if stale:
        taken(read_only)
    read_only.chmod(0o555)
    before = names(read_only)
    with taken(read_only, later) as made:
        assert not made.locked
        assert made.held()
        made.refresh()
        assert names(read_only) == before
    assert names(read_only) == before


def _import_all(root: str, gate: str, counted: str) -> None:
    """An importer that wants every delivery: under the lock it looks at the stamp, imports, stamps."""
    while not Path(gate).exists():
        time.sleep(0.001)
    waiting = sorted(Path(root).iterdir())
    while waiting:
        waiting = [folder for folder in waiting if not _import(folder, Path(counted))]


def _import(folder: Path, counted: Path) -> bool:
    stamp = counted / f"{folder.name}.stamp"
    if stamp.exists():
        return True
    held = claim(folder, "test", "")
    if held is None:
        return False
    with held:
        if not stamp.exists():
            (counted / f"{folder.name}.{os.getpid()}").touch()
            stamp.touch()
    return True


def _race(target: Callable[..., None], *args: str) -> list[int | None]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target, args=args) for _ in range(IMPORTERS)]
    for process in processes:
        process.start()
    try:
        Path(args[1]).touch()
        for process in processes:
            process.join(60)
        return [process.exitcode for process in processes]
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize("crashed", [False, True])
def test_of_many_importers_at_once_each_delivery_is_imported_by_one(tmp_path: Path, crashed: bool) -> None:
    root, counted = tmp_path / "Stems", tmp_path / "counted"
    counted.mkdir()
    for number in range(DELIVERIES):
        (root / str(number)).mkdir(parents=True)
        if crashed:
            taken(root / str(number), lambda: 1.0)
    codes = _race(_import_all, str(root), str(tmp_path / "go"), str(counted))
    assert codes == [0] * IMPORTERS
    imports = [path.stem for path in counted.iterdir() if path.suffix != ".stamp"]
    assert sorted(imports) == sorted(str(number) for number in range(DELIVERIES))
    assert [names(folder) for folder in root.iterdir()] == [[]] * DELIVERIES


def _claim_and_die(folder: str) -> None:
    taken(Path(folder))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_after_a_kill_9_in_the_middle_the_delivery_waits_and_is_then_imported(tmp_path: Path) -> None:
    folder = tmp_path / "Mix"
    folder.mkdir()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_claim_and_die, args=(str(folder),))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert claim(folder, "Live", "", lambda: NOW + 1) is None
    with taken(folder, later):
        assert names(folder) == [LOCK]
    assert names(folder) == []
