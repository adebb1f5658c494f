from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.delivery.folder import Plan
from bridge.delivery.plan import DRAFT_NAME
from bridge.errors import StorageError

if TYPE_CHECKING:
    from tests.delivery.conftest import Rebounce, Studio


def folders(studio: Studio, plan: Plan) -> tuple[str, int, str | None]:
    archive = plan.archive.relative_to(studio.output).as_posix() if plan.archive else None
    return plan.target.relative_to(studio.output).as_posix(), plan.take, archive


@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_first_take_goes_into_the_songs_own_folder(studio: Studio, rebounce: Rebounce) -> None:
    assert folders(studio, studio.plan("j1", rebounce)) == ("Mix", 1, None)
    (studio.output / "Mix").mkdir()
    assert folders(studio, studio.plan("j1", rebounce)) == ("Mix", 1, None)


def test_a_plan_survives_the_store(studio: Studio) -> None:
    studio.deliver("j1")
    for plan in (studio.plan("j2"), studio.plan("j2", "replace")):
        assert Plan.from_json(plan.to_json()) == plan


def test_later_takes_are_counted_on(studio: Studio) -> None:
    for number in range(1, 12):
        studio.deliver(f"j{number}")
    names = sorted(path.name for path in (studio.output / "Mix").iterdir() if path.is_dir())
    assert names == [f"take {number:02d}" for number in range(2, 12)]


@pytest.mark.parametrize(
    ("folder", "take"), [("take 07", 8), ("Take 7", 8), ("take 120", 121), ("take 7 backup", 8), ("takes", 2)]
)
def test_the_next_number_is_above_every_take_folder(studio: Studio, folder: str, take: int) -> None:
    studio.deliver("j1")
    (studio.output / "Mix" / folder).mkdir()
    assert studio.plan("j2").take == take


def test_the_next_number_is_above_every_receipt(studio: Studio) -> None:
    studio.deliver("j1")
    (studio.output / "Mix" / "stems.json").write_bytes(studio.receipt("j1", take=4).to_bytes())
    assert folders(studio, studio.plan("j2")) == ("Mix/take 05", 5, None)


def test_a_replacement_keeps_the_old_take_under_its_own_number(studio: Studio) -> None:
    studio.deliver("j1")
    studio.deliver("j2")
    assert folders(studio, studio.plan("j3", "replace")) == ("Mix", 3, "Mix/take 01")
    (studio.output / "Mix" / "take 01").mkdir()
    assert folders(studio, studio.plan("j3", "replace")) == ("Mix", 3, "Mix/take 01 (2)")


def test_the_musicians_own_files_share_the_songs_folder(studio: Studio) -> None:
    (studio.output / "Mix").mkdir()
    (studio.output / "Mix" / "Mix.rpp").write_text("project")
    assert folders(studio, studio.plan("j1")) == ("Mix", 1, None)


@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_file_of_the_musicians_is_in_the_way_of_its_name(studio: Studio, rebounce: Rebounce) -> None:
    studio.stage("j1")
    (studio.output / "Mix").mkdir()
    (studio.output / "Mix" / "Mix - vocals.wav").write_text("mine")
    assert folders(studio, studio.plan("j1", rebounce)) == ("Mix/take 02", 2, None)


def test_a_file_of_the_musicians_is_in_the_way_of_a_replacement(studio: Studio) -> None:
    studio.deliver("j1", stems=("vocals", "drums"))
    (studio.output / "Mix" / "Mix - bass.wav").write_text("mine")
    studio.stage("j2", stems=("vocals", "bass"))
    assert folders(studio, studio.plan("j2", "replace")) == ("Mix/take 02", 2, None)


@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_folder_whose_receipt_is_damaged_is_left_alone(studio: Studio, rebounce: Rebounce) -> None:
    studio.deliver("j1")
    (studio.output / "Mix" / "stems.json").write_text("{")
    assert folders(studio, studio.plan("j2", rebounce)) == ("Mix/take 02", 2, None)


@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_folder_where_another_delivery_is_not_finished_is_left_alone(studio: Studio, rebounce: Rebounce) -> None:
    studio.deliver("j1")
    song = studio.output / "Mix"
    (song / DRAFT_NAME).write_bytes(studio.receipt("j2", take=3).to_bytes())
    assert folders(studio, studio.plan("j3", rebounce)) == ("Mix/take 02", 2, None)
    (song / "stems.json").unlink()
    assert folders(studio, studio.plan("j3", rebounce)) == ("Mix/take 04", 4, None)


def test_a_job_that_was_delivered_keeps_its_folder(studio: Studio) -> None:
    studio.deliver("j1")
    studio.deliver("j2")
    assert folders(studio, studio.plan("j1", "replace")) == ("Mix", 1, None)
    assert folders(studio, studio.plan("j2")) == ("Mix/take 02", 2, None)


def ignores_case(folder: Path) -> bool:
    (folder / "probe").mkdir()
    ignored = (folder / "PROBE").exists()
    shutil.rmtree(folder / "probe")
    return ignored


def test_the_disk_decides_whether_letter_case_makes_another_song(studio: Studio, tmp_path: Path) -> None:
    studio.deliver("j1", song="Mix")
    expected = ("Mix/take 02", 2, None) if ignores_case(tmp_path) else ("mix", 1, None)
    assert folders(studio, studio.plan("j2", song="mix")) == expected


def test_two_normal_forms_of_a_name_are_one_song_on_every_disk(studio: Studio) -> None:
    studio.deliver("j1", song="Café")
    (studio.output / "Café").rename(studio.output / unicodedata.normalize("NFD", "Café"))
    plan = studio.plan("j2", song="Café")
    assert unicodedata.normalize("NFC", folders(studio, plan)[0]) == "Café/take 02"
    assert plan.song_folder.name in {path.name for path in studio.output.iterdir()}


def test_a_file_with_the_songs_name_is_an_error_that_says_so(studio: Studio) -> None:
    (studio.output / "Mix").write_text("a file")
    with pytest.raises(StorageError, match="a file has that name") as error:
        studio.plan("j1")
    assert error.value.code == "storage.in_the_way"
    assert error.value.retryable
