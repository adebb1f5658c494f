from __future__ import annotations

import dataclasses
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.delivery.folder import Plan, delivered, place, staging_folder
from bridge.delivery.receipt import read, read_if_whole
from bridge.errors import DeliveryOvertaken, StorageError
from bridge.files.sync import sync_folder

if TYPE_CHECKING:
    from tests.delivery.conftest import Rebounce, Studio


def test_a_first_take_is_the_staged_folder_and_its_receipt(studio: Studio) -> None:
    assert studio.deliver("j1") == studio.output / "Mix"
    assert studio.tree() == studio.take("Mix", "j1")


def test_another_job_that_ends_at_this_moment_may_take_the_empty_staging_folder_away(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = staging_folder(studio.output, "j1").parent
    real, gone = sync_folder, []

    def sync(path: Path) -> None:
        if path == around:
            around.rmdir()
            gone.append(path)
        real(path)

    monkeypatch.setattr("bridge.delivery.place.sync_folder", sync)
    assert studio.deliver("j1") == studio.output / "Mix"
    assert gone == [around]
    assert studio.tree() == studio.take("Mix", "j1")


def test_a_later_take_leaves_the_first_alone(studio: Studio) -> None:
    studio.deliver("j1")
    assert studio.deliver("j2") == studio.output / "Mix" / "take 02"
    assert studio.tree() == {**studio.take("Mix", "j1"), **studio.take("Mix/take 02", "j2", take=2)}


def test_a_replaced_take_is_kept_complete(studio: Studio) -> None:
    studio.deliver("j1", stems=("vocals", "drums"))
    studio.deliver("j2", "replace", stems=("vocals", "bass"))
    studio.deliver("j3", "replace", stems=("vocals", "drums"))
    assert studio.tree() == {
        **studio.take("Mix", "j3", ("vocals", "drums"), take=3),
        **studio.take("Mix/take 01", "j1", ("vocals", "drums")),
        **studio.take("Mix/take 02", "j2", ("vocals", "bass"), take=2),
    }


def test_a_kept_take_and_its_successor_share_no_file(studio: Studio) -> None:
    """Else a DAW that edits one in place would change the other."""
    studio.deliver("j1", stems=("vocals",))
    studio.deliver("j1b", "replace", stems=("vocals",))
    song = studio.output / "Mix"
    assert not (song / "Mix - vocals.wav").samefile(song / "take 01" / "Mix - vocals.wav")
    assert all(path.stat().st_nlink == 1 for path in song.rglob("*.wav"))


def test_what_the_musician_took_out_of_a_take_is_not_missed(studio: Studio) -> None:
    studio.deliver("j1")
    (studio.output / "Mix" / "Mix - drums.wav").unlink()
    studio.deliver("j2", "replace")
    assert delivered(studio.output / "Mix", "j2")
    assert sorted(path.name for path in (studio.output / "Mix" / "take 01").iterdir()) == [
        "Mix - vocals.wav",
        "stems.json",
    ]


def test_what_the_musician_put_in_the_place_of_an_old_stem_is_kept_with_the_old_take(studio: Studio) -> None:
    studio.deliver("j1")
    (studio.output / "Mix" / "Mix - drums.wav").write_bytes(b"louder drums")
    studio.deliver("j2", "replace")
    assert (studio.output / "Mix" / "take 01" / "Mix - drums.wav").read_bytes() == b"louder drums"


def test_the_musicians_files_stay_beside_the_stems(studio: Studio) -> None:
    song = studio.output / "Mix"
    (song / "Media").mkdir(parents=True)
    (song / "Mix.rpp").write_bytes(b"project")
    studio.deliver("j1")
    studio.deliver("j2", "replace", stems=("vocals",))
    assert (song / "Media").is_dir()
    assert studio.tree() == {
        "Mix/Mix.rpp": b"project",
        **studio.take("Mix", "j2", ("vocals",), take=2),
        **studio.take("Mix/take 01", "j1"),
    }


def test_placing_again_changes_nothing(studio: Studio) -> None:
    staging, plan = studio.stage("j1"), studio.plan("j1")
    place(plan, staging, studio.receipt("j1"))
    before = studio.tree()
    assert place(plan, staging, studio.receipt("j1")) == studio.output / "Mix"
    assert studio.tree() == before


def test_nothing_is_overwritten_that_came_after_the_plan(studio: Studio) -> None:
    plan = studio.plan("j1")
    staging = studio.stage("j1")
    song = studio.output / "Mix"
    song.mkdir()
    (song / "Mix - vocals.wav").write_bytes(b"mine")
    with pytest.raises(DeliveryOvertaken, match=r"Mix - vocals\.wav is not a file of this take"):
        place(plan, staging, studio.receipt("j1"))
    assert [path.name for path in song.iterdir()] == ["Mix - vocals.wav"]
    again = studio.plan("j1")
    assert place(again, staging, studio.receipt("j1", again.take)) == song / "take 02"
    assert studio.tree() == {"Mix/Mix - vocals.wav": b"mine", **studio.take("Mix/take 02", "j1", take=2)}


def test_a_strangers_file_where_the_old_take_is_to_be_kept_stays_alone(studio: Studio) -> None:
    studio.deliver("j1")
    plan, staging = studio.plan("j2", "replace"), studio.stage("j2")
    archive = studio.output / "Mix" / "take 01"
    archive.mkdir()
    (archive / "Mix - drums.wav").write_bytes(b"mine")
    with pytest.raises(DeliveryOvertaken, match=r"take 01.Mix - drums\.wav is not"):
        place(plan, staging, studio.receipt("j2", plan.take))
    again = studio.plan("j2", "replace")
    place(again, staging, studio.receipt("j2", again.take))
    assert studio.tree() == {
        **studio.take("Mix", "j2", take=2),
        **studio.take("Mix/take 01 (2)", "j1"),
        "Mix/take 01/Mix - drums.wav": b"mine",
    }


def test_a_strangers_file_that_comes_after_a_kill_is_not_overwritten(studio: Studio) -> None:
    """The old take is in its archive, its receipt gone; now the musician saves something under a stem's name."""
    studio.deliver("j1")
    plan, staging = studio.plan("j2", "replace"), studio.stage("j2")
    song = studio.output / "Mix"
    (song / "take 01").mkdir()
    for path in [*song.glob("*.wav"), song / "stems.json"]:
        (song / "take 01" / path.name).hardlink_to(path)
    (song / "stems.json").unlink()
    (song / "Mix - drums.wav").unlink()
    (song / "Mix - drums.wav").write_bytes(b"mine")
    with pytest.raises(DeliveryOvertaken):
        place(plan, staging, studio.receipt("j2", plan.take))
    assert studio.plan("j2", "replace").target == song / "take 02"
    assert (song / "Mix - drums.wav").read_bytes() == b"mine"
    assert delivered(song / "take 01", "j1")


@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_take_that_came_in_between_is_not_mixed_with(studio: Studio, rebounce: Rebounce) -> None:
    studio.deliver("j0")
    late = studio.plan("late", rebounce)
    staging = studio.stage("late", stems=("bass",))
    studio.deliver("j1", rebounce)
    before = studio.tree()
    with pytest.raises(DeliveryOvertaken):
        place(late, staging, studio.receipt("late", late.take, ("bass",)))
    assert studio.tree() == before
    again = studio.plan("late", rebounce)
    assert delivered(place(again, staging, studio.receipt("late", again.take, ("bass",))), "late")
    receipts = [read(path) for path in studio.output.rglob("stems.json")]
    assert sorted((receipt.take, receipt.job) for receipt in receipts) == [(1, "j0"), (2, "j1"), (3, "late")]


def test_a_delivery_that_is_not_finished_is_not_mixed_with(studio: Studio) -> None:
    """A disk is full at the first delivery's last step; another of the same song, other stems, comes meanwhile."""
    waiting = studio.plan("later", song="Mix")
    studio.stage("j1").rename(studio.output / "Mix")
    (studio.output / "Mix" / ".stems.json.part").write_bytes(studio.receipt("j1").to_bytes())
    staging = studio.stage("later", stems=("bass",))
    with pytest.raises(DeliveryOvertaken, match="not finished"):
        place(waiting, staging, studio.receipt("later", 1, ("bass",)))
    place(Plan(waiting.song_folder, waiting.target, 1, replaces=False, archive=None),
          staging_folder(studio.output, "j1"), studio.receipt("j1"))  # fmt: skip
    assert delivered(studio.output / "Mix", "j1")


def test_stems_that_are_gone_are_not_looked_for_among_strangers(studio: Studio) -> None:
    plan = studio.plan("j1")
    for file in studio.files(("vocals", "drums")).values():
        (studio.output / "Mix").mkdir(exist_ok=True)
        (studio.output / "Mix" / file).write_bytes(b"mine")
    with pytest.raises(StorageError) as error:
        place(plan, staging_folder(studio.output, "j1"), studio.receipt("j1"))
    assert error.value.code == "storage.staging_gone"
    assert not (studio.output / "Mix" / "stems.json").exists()


def test_an_output_folder_that_is_gone_is_not_made_again(studio: Studio) -> None:
    plan, staging = studio.plan("j1"), studio.stage("j1")
    studio.output.rename(studio.output.with_name("unplugged"))
    with pytest.raises(StorageError):
        place(plan, staging, studio.receipt("j1"))
    assert not studio.output.exists()
    studio.output.with_name("unplugged").rename(studio.output)
    assert delivered(place(plan, staging, studio.receipt("j1")), "j1")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom folders can refuse")
def test_a_folder_that_may_not_be_written_is_an_error_that_says_so(studio: Studio) -> None:
    studio.deliver("j1")
    plan, staging = studio.plan("j2"), studio.stage("j2")
    (studio.output / "Mix").chmod(0o555)
    with pytest.raises(StorageError, match="Delivering the stems of") as error:
        place(plan, staging, studio.receipt("j2", plan.take))
    assert error.value.code == "storage.denied"
    (studio.output / "Mix").chmod(0o755)
    assert delivered(place(plan, staging, studio.receipt("j2", plan.take)), "j2")


def test_a_song_folder_on_another_disk_gets_copies(studio: Studio) -> None:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == studio.output.stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        (studio.output / "Mix").symlink_to(folder)
        for job in ("j1", "j2"):
            studio.deliver(job)
        studio.deliver("j3", "replace")
        there = Path(folder)
        assert [delivered(there / take, job) for take, job in (("", "j3"), ("take 01", "j1"), ("take 02", "j2"))] == [
            True, True, True,
        ]  # fmt: skip
        assert [path.name for path in there.rglob(".*")] == []
    assert [path.name for path in studio.output.iterdir()] == ["Mix"]


@pytest.mark.parametrize("damage", ["missing", "cut", "another job", "receipt"])
def test_a_take_that_is_not_whole_is_not_delivered(studio: Studio, damage: str) -> None:
    folder = studio.deliver("j1")
    assert delivered(folder, "j1")
    stem = folder / "Mix - vocals.wav"
    if damage == "missing":
        stem.unlink()
    if damage == "cut":
        stem.write_bytes(stem.read_bytes()[:-1])
    if damage == "receipt":
        (folder / "stems.json").unlink()
    assert not delivered(folder, "j2" if damage == "another job" else "j1")


def test_a_listening_copy_belongs_to_the_take(studio: Studio) -> None:
    staging = studio.stage("j1", ("vocals",))
    (staging / "Mix - vocals.mp3").write_bytes(b"mp3")
    receipt = studio.receipt("j1", 1, ("vocals",))
    receipt = dataclasses.replace(
        receipt, stems=(dataclasses.replace(receipt.stems[0], listening_copy="Mix - vocals.mp3"),)
    )
    folder = place(studio.plan("j1"), staging, receipt)
    assert delivered(folder, "j1")
    studio.deliver("j2", "replace", ("vocals",))
    assert not (folder / "Mix - vocals.mp3").exists()
    assert delivered(folder / "take 01", "j1")


@pytest.mark.slow
def test_a_reader_never_sees_a_receipt_without_its_stems(studio: Studio) -> None:
    """As an importer polls: read the receipt, look at the files, and believe it if the receipt is still the same."""
    song = studio.output / "Mix"
    stop, wrong, seen = threading.Event(), list[str](), set[str]()

    def poll() -> None:
        while not stop.is_set():
            receipt = read_if_whole(song / "stems.json")
            if receipt is None:
                continue
            whole = delivered(song, receipt.job)
            contents = {stem.name: bytes_of(song / stem.file) for stem in receipt.stems}
            if read_if_whole(song / "stems.json") != receipt:
                continue
            seen.add(receipt.job)
            if not whole or contents != {name: studio.content(receipt.job, name) for name in contents}:
                wrong.append(receipt.job)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number in range(40):
            stems = ("vocals", "bass") if number % 3 else ("vocals", "drums", "other")
            studio.deliver(f"j{number}", "take" if number % 10 == 9 else "replace", stems)
    finally:
        stop.set()
        reader.join()
    assert wrong == []
    assert len(seen) > 5


def bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
