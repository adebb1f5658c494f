"""Which deliveries come into which project, when, and never twice."""

from __future__ import annotations

import datetime
import json

import pytest

from bridge.delivery.claim import claim
from tests.scripts.reaper.conftest import Studio
from tests.scripts.reaper.simulated_functions import Misuse
from tests.scripts.reaper.simulated_project import Project


def test_nothing_is_imported_twice_whoever_asks_and_after_every_restart(studio: Studio) -> None:
    studio.wait_for()
    studio.deliver()
    studio.action("Import finished stems")
    tracks = len(studio.reaper.front.tracks)
    studio.wait_for()
    studio.action("Import finished stems")
    studio.action("Auto-import")
    studio.reaper.tick(5, seconds=3.0)
    assert len(studio.reaper.front.tracks) == tracks == 5
    assert len(studio.reaper.front.undo_points) == 1


def test_what_the_musician_undid_does_not_come_back_by_itself(studio: Studio) -> None:
    """Even if REAPER's undo takes the stamp back as well."""
    project = studio.reaper.front
    studio.wait_for()
    project.step("Edit")
    studio.deliver()
    studio.action("Auto-import")
    studio.reaper.tick(1, seconds=3.0)
    assert len(project.tracks) == 5
    project.undo()
    studio.reaper.tick(5, seconds=3.0)
    assert not project.tracks
    studio.action("Import finished stems")
    assert len(project.tracks) == 5


def test_a_project_closed_without_saving_imports_again_and_another_project_may_too(studio: Studio) -> None:
    studio.deliver()
    for project in (Project(), Project()):
        studio.reaper.tabs = [project]
        studio.reaper.front = project
        studio.wait_for()
        studio.action("Import finished stems")
        assert len(project.tracks) == 5


def test_nothing_of_the_claim_stays_in_the_folder(studio: Studio) -> None:
    studio.wait_for()
    folder = studio.deliver()
    before = {path.name for path in folder.iterdir()}
    studio.action("Import finished stems")
    assert {path.name for path in folder.iterdir()} == before


def test_while_another_importer_has_the_claim_the_project_waits(studio: Studio) -> None:
    studio.wait_for()
    folder = studio.deliver()
    other = claim(folder, "Live", "song.als")
    assert other is not None
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    other.release()
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_what_another_project_asked_for_stays_out_until_that_project_is_in_front(studio: Studio) -> None:
    studio.wait_for()
    asking, other = studio.reaper.front, Project("/songs/other.rpp")
    studio.reaper.tabs.append(other)
    studio.reaper.front = other
    studio.deliver()
    studio.action("Auto-import")
    studio.reaper.tick(3, seconds=3.0)
    assert not asking.tracks
    assert not other.tracks
    studio.reaper.front = asking
    studio.reaper.tick(1, seconds=3.0)
    assert len(asking.tracks) == 5
    assert not other.tracks


def test_no_stem_comes_in_while_reaper_records(studio: Studio) -> None:
    studio.wait_for()
    studio.deliver()
    studio.reaper.playing = 1 | 4
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    studio.reaper.playing = 1
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_a_folder_without_receipt_or_without_a_stem_is_not_ready(studio: Studio) -> None:
    studio.wait_for()
    folder = studio.deliver()
    receipt, stem = folder / "stems.json", folder / "Night Drive - bass.wav"
    for missing in (receipt, stem):
        aside = missing.rename(missing.with_suffix(".aside"))
        studio.action("Import finished stems")
        assert not studio.reaper.front.tracks
        assert studio.reaper.tips[-1] == "Stembridge: nothing new for this project."
        aside.rename(missing)
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_without_a_job_id_only_what_came_after_the_bounce_is_meant(studio: Studio) -> None:
    now = datetime.datetime.now(datetime.UTC)
    studio.deliver(job="old", created=now - datetime.timedelta(minutes=5), stems=("vocals",))
    studio.wait_for(asked=int(now.timestamp()))
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    studio.deliver(job="new", created=now + datetime.timedelta(seconds=9))
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_a_folder_that_is_spelled_otherwise_is_found_as_well(studio: Studio) -> None:
    studio.wait_for(song="Cafe\u0301", job="job1")
    studio.deliver(song="Café")
    for _ in range(15):
        studio.action("Import finished stems")
    assert [track.name for track in studio.reaper.front.tracks] == []
    studio.action("Auto-import")
    studio.reaper.tick(15, seconds=3.0)
    assert len(studio.reaper.front.tracks) == 5


def test_the_menu_shows_the_newest_first_and_those_that_are_in_as_grey(studio: Studio) -> None:
    day = datetime.datetime(2026, 11, 3, tzinfo=datetime.UTC)
    studio.deliver(song="Old", job="a", created=day)
    studio.deliver(song="New", job="b", created=day + datetime.timedelta(days=1))
    studio.reaper.front.ext["Stembridge/imported_a"] = "x"
    studio.action("Import a delivery")
    [entries] = studio.reaper.gfx.menus
    assert [entry.split(",")[0] for entry in entries] == ["New", "#Old"]


@pytest.mark.parametrize("name", ["../evil.wav", "a\\b.wav", "c:evil.wav", "..", ""])
def test_a_receipt_that_leads_out_of_its_folder_is_refused(studio: Studio, name: str) -> None:
    studio.wait_for()
    folder = studio.deliver()
    row = json.loads((folder / "stems.json").read_text())
    row["stems"][0]["file"] = name
    (folder / "stems.json").write_text(json.dumps(row))
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    assert "not beside it" in studio.reaper.tips[-1]


def test_auto_import_tells_a_trouble_once(studio: Studio) -> None:
    studio.wait_for()
    (studio.deliver() / "stems.json").write_text('{"schema": 2}')
    studio.action("Auto-import")
    studio.reaper.tick(4, seconds=3.0)
    [line] = studio.reaper.console
    assert "another version" in line


def test_auto_import_is_a_switch(studio: Studio) -> None:
    reaper = studio.reaper
    studio.action("Auto-import")
    assert list(reaper.toggles.values()) == [1]
    studio.action("Auto-import")
    reaper.tick(3)
    assert list(reaper.toggles.values()) == [0]
    studio.wait_for()
    studio.deliver()
    reaper.tick(3, seconds=3.0)
    assert not reaper.front.tracks
    studio.action("Auto-import")
    reaper.tick(1, seconds=3.0)
    assert len(reaper.front.tracks) == 5
    reaper.quit()
    assert list(reaper.toggles.values()) == [0]


def test_auto_import_that_broke_is_on_again_after_one_click(studio: Studio) -> None:
    reaper = studio.reaper
    studio.action("Auto-import")
    reaper.fail = {"GetPlayState"}
    with pytest.raises(Misuse):
        reaper.tick(1, seconds=3.0)
    reaper.fail = set()
    reaper.tick(1, seconds=10.0)
    studio.action("Auto-import")
    assert list(reaper.toggles.values()) == [1]
    studio.wait_for()
    studio.deliver()
    reaper.tick(1, seconds=3.0)
    assert len(reaper.front.tracks) == 5


def test_a_read_only_delivery_is_imported_by_its_stamp_alone(studio: Studio) -> None:
    studio.wait_for()
    folder = studio.deliver()
    studio.reaper.RecursiveCreateDirectory = lambda path, _: 0  # type: ignore[method-assign]
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5
    assert not list(folder.glob(".importing*"))
