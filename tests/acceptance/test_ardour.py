"""The whole way in the real Ardour: an export starts the job by OSC, and its stems come into the running session."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tests.scripts.ardour.ardour_stage import FRAMES, ORIGIN, RATE, Region, Stage
from tests.scripts.ardour.ardour_story import NOT_RUNNING, REFUSED, Story, play

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("Ardour"),
    pytest.mark.system("ardour"),
    pytest.mark.system("Xvfb"),
    pytest.mark.system("dbus-run-session"),
    pytest.mark.system("oscsend"),
    pytest.mark.system("import"),
    pytest.mark.system("xdotool"),
]

STEMS = {"vocals": 0xE4572E, "drums": 0xF3A712, "bass": 0x3D5A80, "other": 0x9AA0A6}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return play(Stage(tmp_path_factory.mktemp("ardour")))


def assert_stems(regions: list[Region], song: str, job: str, position: int) -> None:
    """One track for each stem, named, coloured, stamped and in its place."""
    assert {(region.track, region.colour) for region in regions} == {
        (f"{song} - {stem}", colour) for stem, colour in STEMS.items()
    }
    assert len(regions) == len(STEMS)
    assert {region.comment for region in regions} == {f"Stembridge job {job}"}
    assert {(region.position, region.frames) for region in regions} == {(position, FRAMES)}


def test_an_export_comes_back_as_named_and_coloured_tracks_at_its_own_position(story: Story) -> None:
    receipt = story.delivery("One")
    assert receipt["source"]["time_reference"] == ORIGIN
    assert_stems(story.first, "One", receipt["job"], ORIGIN)


def test_a_job_whose_bridge_was_killed_is_done_by_the_next_bridge(story: Story) -> None:
    assert [row["song"] for row in story.stage.studio.jobs()].count("One") == 1
    assert story.first


def test_ardour_tells_how_a_job_goes_and_each_thing_once(story: Story) -> None:
    asked, *told = story.told_of_one
    assert asked.startswith("Asked for the stems of ")
    assert told[:2] == ["The bridge has taken One.wav.", "One.wav waits: the bridge is paused."]
    assert len(told) > 2
    assert all(line.startswith("One.wav: ") for line in told[2:])
    for run in story.stage.witness.runs():
        assert sorted(run) == sorted(set(run))


def test_a_refusal_is_told_with_the_way_out_and_nothing_waits_for_it_any_more(story: Story) -> None:
    said = [line for line in story.stage.witness.said() if "does not take" in line]
    assert said == [REFUSED.format(bounce=story.stage.folder / "export" / "Outside.wav")]
    assert not story.wanted_after_refusal


def test_what_was_asked_of_no_bridge_is_asked_of_the_next_one(story: Story) -> None:
    said = story.stage.witness.said()
    assert said.count(NOT_RUNNING.format(name="Three.wav")) == 1
    assert [row["song"] for row in story.stage.studio.jobs()].count("Three") == 1


def test_where_the_file_does_not_say_its_origin_the_start_of_the_export_counts(story: Story) -> None:
    receipt = story.delivery("Two")
    assert receipt["source"]["time_reference"] == 0
    assert_stems(story.second, "Two", receipt["job"], ORIGIN)


def test_stems_are_imported_once_whoever_asks_and_however_often(story: Story) -> None:
    assert story.asked_again == story.first
    assert set(story.first) < set(story.at_the_end)
    assert len(story.at_the_end) == len(set(story.at_the_end)) == 1 + 4 * len(STEMS)


def test_an_import_that_was_killed_leaves_a_session_that_opens_and_is_made_up_for_there(story: Story) -> None:
    assert story.killed_while_locked
    assert [region for region in story.opened_after_the_kill if region.track != "Mix"] == story.first
    assert not list(story.stage.studio.output.rglob(".importing*"))


def test_what_a_session_waits_for_is_forgotten_when_it_is_saved_with_the_stems(story: Story) -> None:
    path = f"{story.stage.folder}/export/One.wav"
    assert story.wanted_before_saving.endswith(f" {ORIGIN} {FRAMES} {RATE} {path}\t\ttaken\n")


def test_one_undo_takes_all_stems_away_and_one_redo_brings_them_back(story: Story) -> None:
    assert story.undone_once == story.opened_after_the_kill
    assert set(story.redone) == set(story.opened_after_the_kill) | set(story.second)


def test_an_import_that_fails_half_way_leaves_no_stem_and_no_stamp_and_names_the_empty_tracks(story: Story) -> None:
    assert story.failing == [
        "nil|false|true|The stems of By Hand were not imported. Ardour cannot make so many tracks. "
        "Please delete the empty tracks Stem 1, Stem 2.",
        "nil|false|true|The stems of By Hand were not imported. There is no such colour. "
        "Please delete the empty tracks Empty, Empty 1, Empty 2, Empty 3.",
    ]
    assert story.after_failing == story.opened_after_the_kill


def test_the_dialogs_import_a_chosen_delivery_and_separate_the_newest_export(story: Story) -> None:
    receipt = story.delivery("By Hand")
    assert_stems(story.by_hand, "By Hand", receipt["job"], 0)
    receipt = story.delivery("Three")
    assert_stems(story.third, "Three", receipt["job"], ORIGIN)


def test_ardour_without_windows_reads_the_same_tracks_and_positions_from_the_saved_session(story: Story) -> None:
    assert story.stage.headless() == story.at_the_end


def test_the_stem_tracks_alone_render_to_the_exported_mix_times_the_gain(story: Story) -> None:
    stage = story.stage
    total, rate = soundfile.read(stage.render("One"))
    mix, _ = soundfile.read(stage.folder / "export" / "One.wav")
    gain = 10 ** (story.delivery("One")["normalise"]["gain_db"] / 20)
    assert (rate, len(total)) == (RATE, len(mix))
    depth_db = 20 * np.log10(np.std(total - mix * gain) / np.std(mix * gain))
    print(f"the rendered stems null against the mix by {depth_db:.1f} dB")  # noqa: T201 - what `pytest -rP` shows
    assert np.std(total) > 0.01
    assert depth_db < -90
