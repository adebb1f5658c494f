"""One delivery in the project: whole, in one undo step, at its place; or the project as it was."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.importing import colour
from tests.scripts.reaper.conftest import FRAMES, RATE, Studio
from tests.scripts.reaper.simulated_project import Track


def test_stems_arrive_as_a_coloured_folder_at_the_place_of_the_bounce_in_one_undo_step(studio: Studio) -> None:
    project = studio.reaper.front
    project.add_item(0.0, 30.0, "mix.wav")
    studio.wait_for()
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
    studio.wait_for()
    studio.deliver(stems=("vocals", "drums", "bass", "guitar", "other")[:count])
    studio.action("Import finished stems")
    studio.reaper.front.tracks.append(Track("what comes next"))
    depths = [depth for depth, _ in studio.reaper.front.outline()]
    assert depths == [0, *[1] * count, 0]


def test_a_folder_that_the_musician_left_open_does_not_swallow_the_stems(studio: Studio) -> None:
    project = studio.reaper.front
    project.tracks += [Track("Band"), Track("Drums"), Track("Kick")]
    project.tracks[0].values["I_FOLDERDEPTH"] = project.tracks[1].values["I_FOLDERDEPTH"] = 1
    studio.wait_for()
    studio.deliver(stems=("vocals",))
    studio.action("Import finished stems")
    assert project.outline() == [(0, "Band"), (1, "Drums"), (2, "Kick"), (0, "Night Drive"), (1, "vocals")]


@pytest.mark.parametrize(
    "failing", ["AddMediaItemToTrack", "SetMediaItemTake_Source", "SetTrackColor", "SetProjExtState", "ColorToNative"]
)
def test_an_import_that_fails_half_way_leaves_the_project_as_it_was_and_can_be_repeated(
    studio: Studio, failing: str
) -> None:
    project = studio.reaper.front
    item = project.add_item(0.0, 30.0, "mix.wav")
    project.tracks[0].values["I_FOLDERDEPTH"] = 1
    studio.wait_for(mute=True, originals=[project.tracks[0].guid, item.guid])
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
    studio.wait_for()
    folder = studio.deliver()
    (folder / "Night Drive - bass.wav").write_bytes(b"RIFF but not really")
    studio.action("Import finished stems")
    assert "cannot read" in studio.reaper.tips[-1]
    assert "Night Drive - bass.wav" in studio.reaper.tips[-1]
    assert not studio.reaper.front.tracks
    assert studio.reaper.front.undo_points == []


def test_the_originals_are_muted_if_chosen_and_only_those_that_were_heard(studio: Studio) -> None:
    project = studio.reaper.front
    item = project.add_item(0.0, 30.0, "mix.wav")
    project.tracks.append(Track("Muse"))
    studio.wait_for(mute=True, originals=[project.tracks[0].guid, item.guid, "{GONE}"])
    studio.deliver()
    studio.action("Import finished stems")
    assert [track.values["B_MUTE"] for track in project.tracks] == [1, 0, 0, 0, 0, 0, 0]
    assert item.values["B_MUTE"] == 1
    assert len(project.undo_points) == 1


def test_chosen_stems_only_and_a_mix_without_drums(studio: Studio) -> None:
    studio.reaper.SetExtState("Stembridge", "stems", '[{"bass": "left_out", "drums": "muted"}]', True)
    studio.reaper.SetExtState("Stembridge", "skip_silent", "[true]", True)
    studio.wait_for()
    studio.deliver(silent=["other"])
    studio.action("Import finished stems")
    tracks = studio.reaper.front.tracks
    assert [(track.name, track.values["B_MUTE"]) for track in tracks] == [
        ("Night Drive", 0), ("vocals", 0), ("drums", 1),
    ]  # fmt: skip


def test_a_choice_that_would_leave_no_stem_is_no_choice(studio: Studio) -> None:
    studio.part("settings").set("skip_silent", True)
    studio.wait_for()
    studio.deliver(stems=("vocals",), silent=["vocals"])
    studio.action("Import finished stems")
    assert len(studio.reaper.front.tracks) == 2


def test_the_second_take_says_so(studio: Studio) -> None:
    studio.deliver(job="first")
    studio.deliver(job="second")
    studio.wait_for(job="second")
    studio.action("Import finished stems")
    assert studio.reaper.front.tracks[0].name == "Night Drive (take 2)"


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
    studio.wait_for(offset=3600.0)
    studio.deliver(time_reference=round(reference_s * RATE))
    studio.action("Import finished stems")
    assert {item.values["D_POSITION"] for track in studio.reaper.front.tracks for item in track.items} == {position}


def studio_entry(studio: Studio) -> str:
    """What the menu of deliveries says about the only one."""
    [receipt] = studio.output.rglob("stems.json")
    row = json.loads(receipt.read_text())
    return f"{row['song']}, take {row['take']}, {row['created'][:10]}"
