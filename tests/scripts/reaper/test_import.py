"""Stems that were delivered come into the project, once, whole, and at their place."""

from __future__ import annotations

import datetime
import json

import pytest

from bridge.delivery.claim import claim
from bridge.delivery.importing import colour
from tests.scripts.reaper.conftest import FRAMES, RATE, Studio
from tests.scripts.reaper.simulated_project import Project, Track


def wait_for(studio: Studio, song: str = "Night Drive", **more: object) -> None:
    """Let the project in front wait for a bounce, as "Bounce and separate" leaves it."""
    request = {
        "id": "r1", "path": f"/inbox/{song}.wav", "file": f"{song}.wav", "song": song, "preset": "", "job": "",
        "asked": 0, "start": 12.5, "offset": 0, "mute": False, "originals": [], **more,
    }  # fmt: skip
    studio.reaper.front.ext["Stembridge/requests"] = json.dumps([request])


def test_stems_arrive_as_a_coloured_folder_at_the_place_of_the_bounce_in_one_undo_step(studio: Studio) -> None:
    project = studio.reaper.front
    project.add_item(0.0, 30.0, "mix.wav")
    wait_for(studio)
    studio.deliver()
    studio.action("Import finished stems")
    assert project.outline() == [
        (0, "Guitar"), (0, "Night Drive"), (1, "vocals"), (1, "drums"), (1, "bass"), (1, "other"),
    ]  # fmt: skip
    for track in project.tracks[2:]:
        [item] = track.items
        assert item.values["D_POSITION"] == 12.5
        assert item.values["D_LENGTH"] == FRAMES / RATE
        assert item.values["D_FADEINLEN"] == item.values["D_FADEOUTLEN"] == 0
        assert item.takes[0].name == track.name
        red, green, blue = track.colour & 0xFF, track.colour >> 8 & 0xFF, track.colour >> 16 & 0xFF
        assert (red << 16 | green << 8 | blue) == colour(track.name)
        assert track.colour & 0x1000000, "a colour without its flag does not show"
        assert not track.with_defaults
    assert project.undo_points == ["Stembridge: import the stems of Night Drive"]
    assert project.dirty
    assert studio.reaper.tips == ["Stembridge: the stems are in."]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_folder_ends_with_the_last_stem(studio: Studio, count: int) -> None:
    wait_for(studio)
    studio.deliver(stems=("vocals", "drums", "bass", "guitar", "other")[:count])
    studio.action("Import finished stems")
    studio.reaper.front.tracks.append(Track("what comes next"))
    depths = [depth for depth, _ in studio.reaper.front.outline()]
    assert depths == [0, *[1] * count, 0]


def test_a_folder_that_the_musician_left_open_does_not_swallow_the_stems(studio: Studio) -> None:
    project = studio.reaper.front
    project.tracks += [Track("Band"), Track("Drums"), Track("Kick")]
    project.tracks[0].values["I_FOLDERDEPTH"] = project.tracks[1].values["I_FOLDERDEPTH"] = 1
    wait_for(studio)
    studio.deliver(stems=("vocals",))
    studio.action("Import finished stems")
    assert project.outline() == [(0, "Band"), (1, "Drums"), (2, "Kick"), (0, "Night Drive"), (1, "vocals")]


def test_nothing_is_imported_twice_whoever_asks_and_after_every_restart(studio: Studio) -> None:
    wait_for(studio)
    studio.deliver()
    studio.action("Import finished stems")
    tracks = len(studio.reaper.front.tracks)
    wait_for(studio)
    studio.action("Import finished stems")
    studio.action("Auto-import")
    studio.reaper.tick(5, seconds=3.0)
    assert len(studio.reaper.front.tracks) == tracks == 5
    assert len(studio.reaper.front.undo_points) == 1


def test_what_the_musician_undid_does_not_come_back_by_itself(studio: Studio) -> None:
    """Even if REAPER's undo takes the stamp back as well."""
    project = studio.reaper.front
    wait_for(studio)
    before = dict(project.ext)
    studio.deliver()
    studio.action("Auto-import")
    studio.reaper.tick(1, seconds=3.0)
    assert len(project.tracks) == 5
    project.tracks.clear()
    project.ext = before
    studio.reaper.tick(5, seconds=3.0)
    assert not project.tracks
    studio.action("Import finished stems")
    assert len(project.tracks) == 5


def test_a_project_closed_without_saving_imports_again_and_another_project_may_too(studio: Studio) -> None:
    studio.deliver()
    for project in (Project(), Project()):
        studio.reaper.tabs = [project]
        studio.reaper.front = project
        wait_for(studio)
        studio.action("Import finished stems")
        assert len(project.tracks) == 5


def test_nothing_of_the_claim_stays_in_the_folder(studio: Studio) -> None:
    wait_for(studio)
    folder = studio.deliver()
    before = {path.name for path in folder.iterdir()}
    studio.action("Import finished stems")
    assert {path.name for path in folder.iterdir()} == before


def test_while_another_importer_has_the_claim_the_project_waits(studio: Studio) -> None:
    wait_for(studio)
    folder = studio.deliver()
    other = claim(folder, "Live", "song.als")
    assert other is not None
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    other.release()
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_what_another_project_asked_for_stays_out_until_that_project_is_in_front(studio: Studio) -> None:
    wait_for(studio)
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
    wait_for(studio)
    studio.deliver()
    studio.reaper.playing = 1 | 4
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    studio.reaper.playing = 1
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


@pytest.mark.parametrize(
    "failing", ["AddMediaItemToTrack", "SetMediaItemTake_Source", "SetTrackColor", "SetProjExtState", "ColorToNative"]
)
def test_an_import_that_fails_half_way_leaves_the_project_as_it_was_and_can_be_repeated(
    studio: Studio, failing: str
) -> None:
    project = studio.reaper.front
    item = project.add_item(0.0, 30.0, "mix.wav")
    project.tracks[0].values["I_FOLDERDEPTH"] = 1
    wait_for(studio, mute=True, originals=[project.tracks[0].guid, item.guid])
    folder = studio.deliver()
    studio.reaper.fail = {failing}
    studio.action("Import finished stems")
    assert project.outline() == [(0, "Guitar")]
    assert project.tracks[0].values == {"B_MUTE": 0, "I_FOLDERDEPTH": 1, "I_SELECTED": 0}
    assert item.values["B_MUTE"] == 0
    assert project.undo_points == []
    assert "could not be imported" in studio.reaper.tips[-1]
    assert not list(folder.glob(".importing*"))
    studio.reaper.fail = set()
    studio.action("Import finished stems")
    assert len(project.tracks) == 6


def test_a_stem_that_is_no_audio_is_told_before_anything_changes(studio: Studio) -> None:
    wait_for(studio)
    folder = studio.deliver()
    (folder / "Night Drive - bass.wav").write_bytes(b"RIFF but not really")
    studio.action("Import finished stems")
    assert "cannot read" in studio.reaper.tips[-1]
    assert "Night Drive - bass.wav" in studio.reaper.tips[-1]
    assert not studio.reaper.front.tracks
    assert studio.reaper.front.undo_points == []


def test_a_folder_without_receipt_or_without_a_stem_is_not_ready(studio: Studio) -> None:
    wait_for(studio)
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


def test_the_originals_are_muted_if_chosen_and_only_those_that_were_heard(studio: Studio) -> None:
    project = studio.reaper.front
    item = project.add_item(0.0, 30.0, "mix.wav")
    project.tracks.append(Track("Muse"))
    wait_for(studio, mute=True, originals=[project.tracks[0].guid, item.guid, "{GONE}"])
    studio.deliver()
    studio.action("Import finished stems")
    assert [track.values["B_MUTE"] for track in project.tracks] == [1, 0, 0, 0, 0, 0, 0]
    assert item.values["B_MUTE"] == 1
    assert len(project.undo_points) == 1


def test_chosen_stems_only_and_a_mix_without_drums(studio: Studio) -> None:
    studio.reaper.SetExtState("Stembridge", "stems", '{"bass": "left_out", "drums": "muted"}', True)
    studio.reaper.SetExtState("Stembridge", "skip_silent", "true", True)
    wait_for(studio)
    studio.deliver(silent=["other"])
    studio.action("Import finished stems")
    tracks = studio.reaper.front.tracks
    assert [(track.name, track.values["B_MUTE"]) for track in tracks] == [
        ("Night Drive", 0), ("vocals", 0), ("drums", 1),
    ]  # fmt: skip


def test_a_choice_that_would_leave_no_stem_is_no_choice(studio: Studio) -> None:
    studio.part("settings").set("skip_silent", True)
    wait_for(studio)
    studio.deliver(stems=("vocals",), silent=["vocals"])
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 2


def test_the_second_take_says_so(studio: Studio) -> None:
    studio.deliver(job="first")
    studio.deliver(job="second")
    wait_for(studio, job="second")
    studio.action("Import finished stems")
    assert studio.reaper.front.tracks[0].name == "Night Drive (take 2)"


def test_without_a_job_id_only_what_came_after_the_bounce_is_meant(studio: Studio) -> None:
    now = datetime.datetime.now(datetime.UTC)
    studio.deliver(job="old", created=now - datetime.timedelta(minutes=5), stems=("vocals",))
    wait_for(studio, asked=int(now.timestamp()))
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    studio.deliver(job="new", created=now + datetime.timedelta(seconds=9))
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5


def test_a_folder_that_is_spelled_otherwise_is_found_as_well(studio: Studio) -> None:
    wait_for(studio, song="Cafe\u0301", job="job1")
    studio.deliver(song="Café")
    for _ in range(15):
        studio.action("Import finished stems")
    assert [track.name for track in studio.reaper.front.tracks] == []
    studio.action("Auto-import")
    studio.reaper.tick(15, seconds=3.0)
    assert len(studio.reaper.front.tracks) == 5


@pytest.mark.parametrize(
    ("offset_s", "reference", "position"),
    [(0.0, 96_000, 2.0), (1.5, 96_000, 0.5), (3600.0, 96_000, 2.0), (-2.0, 96_000, 4.0), (3600.0, 0, 0.0)],
)
def test_a_delivery_that_nobody_here_asked_for_lies_at_its_bwf_origin(
    studio: Studio, offset_s: float, reference: int, position: float
) -> None:
    studio.reaper.front.offset_s = offset_s
    studio.deliver(time_reference=reference)
    studio.reaper.gfx.choose = [studio_entry(studio)]
    studio.action("Import a delivery")
    positions = {item.values["D_POSITION"] for track in studio.reaper.front.tracks for item in track.items}
    assert positions == {position}
    assert not studio.reaper.gfx.is_open


@pytest.mark.parametrize(
    ("reference_s", "position"), [(0.0, 12.5), (12.5, 12.5), (3612.5, 12.5), (3720.0, 20.0), (5.0, 5.0)]
)
def test_a_bounce_of_this_project_lies_where_its_range_began_unless_its_origin_says_it_is_another(
    studio: Studio, reference_s: float, position: float
) -> None:
    studio.reaper.front.offset_s = 3700.0
    wait_for(studio, offset=3600.0)
    studio.deliver(time_reference=round(reference_s * RATE))
    studio.action("Import finished stems")
    assert {item.values["D_POSITION"] for track in studio.reaper.front.tracks for item in track.items} == {position}


def studio_entry(studio: Studio) -> str:
    """What the menu of deliveries says about the only one."""
    [receipt] = studio.output.rglob("stems.json")
    row = json.loads(receipt.read_text())
    return f"{row['song']}, take {row['take']}, {row['created'][:10]}"


def test_the_menu_shows_the_newest_first_and_those_that_are_in_as_grey(studio: Studio) -> None:
    day = datetime.datetime(2026, 11, 3, tzinfo=datetime.UTC)
    studio.deliver(song="Old", job="a", created=day)
    studio.deliver(song="New", job="b", created=day + datetime.timedelta(days=1))
    studio.reaper.front.ext["Stembridge/imported a"] = "x"
    studio.action("Import a delivery")
    [entries] = studio.reaper.gfx.menus
    assert [entry.split(",")[0] for entry in entries] == ["New", "#Old"]


@pytest.mark.parametrize("name", ["../evil.wav", "a\\b.wav", "c:evil.wav", "..", ""])
def test_a_receipt_that_leads_out_of_its_folder_is_refused(studio: Studio, name: str) -> None:
    wait_for(studio)
    folder = studio.deliver()
    row = json.loads((folder / "stems.json").read_text())
    row["stems"][0]["file"] = name
    (folder / "stems.json").write_text(json.dumps(row))
    studio.action("Import finished stems")
    assert not studio.reaper.front.tracks
    assert "not beside it" in studio.reaper.tips[-1]


def test_auto_import_tells_a_trouble_once(studio: Studio) -> None:
    wait_for(studio)
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
    wait_for(studio)
    studio.deliver()
    reaper.tick(3, seconds=3.0)
    assert not reaper.front.tracks
    studio.action("Auto-import")
    reaper.tick(1, seconds=3.0)
    assert len(reaper.front.tracks) == 5
    reaper.quit()
    assert list(reaper.toggles.values()) == [0]


def test_a_read_only_delivery_is_imported_by_its_stamp_alone(studio: Studio) -> None:
    wait_for(studio)
    folder = studio.deliver()
    studio.reaper.RecursiveCreateDirectory = lambda path, _: 0  # type: ignore[method-assign]
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 5
    assert not list(folder.glob(".importing*"))
