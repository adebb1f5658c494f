"""The whole way in the real Ardour: an export starts the job by OSC, and its stems come into the running session."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.acceptance.program import Running
from tests.scripts.ardour.ardour_desk import Ardour, tail, wait_for
from tests.scripts.ardour.ardour_stage import (
    EXPORT_BROADCAST,
    EXPORT_PLAIN,
    FAILING_IMPORTS,
    FRAMES,
    IMPORT,
    IMPORT_ASKING,
    ORIGIN,
    PREPARE,
    RATE,
    REDO,
    SEPARATE,
    SEPARATE_ASKING,
    UNDO,
    Region,
    Stage,
)

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

REFUSED = (
    "The bridge does not take Outside.wav. {bounce} lies neither in the inbox nor in a folder that is allowed. "
    "Save the bounce into the inbox, or add its folder to [osc] folders in the configuration."
)
NOT_RUNNING = (
    "The bridge does not run, so it has not heard of {name}. Start it (stembridge up): it is asked again then."
)
STEMS = {"vocals": 0xE4572E, "drums": 0xF3A712, "bass": 0x3D5A80, "other": 0x9AA0A6}


@dataclass
class Story:
    """What was seen while one session, two exports, two crashes and three restarts went by."""

    stage: Stage
    wanted_after_refusal: bool
    told_of_one: list[str]
    """What the hook said of "One" until its bridge was gone."""
    first: list[Region]
    """The stems of "One", whose job outlived its bridge."""
    asked_again: list[Region]
    wanted_before_saving: str
    killed_while_locked: bool
    opened_after_the_kill: list[Region]
    failing: list[str]
    """Of two imports that went wrong half way: was the job stamped, was no undo step open, and the sentence."""
    after_failing: list[Region]
    second: list[Region]
    """The stems of "Two", whose import was killed and happened when the session was opened again."""
    by_hand: list[Region]
    """The stems of "By Hand", which the musician chose in the dialog."""
    third: list[Region]
    """The stems of "Three", the newest export, which the musician asked for in the dialog."""
    undone_once: list[Region]
    redone: list[Region]
    at_the_end: list[Region]

    def delivery(self, song: str) -> dict[str, Any]:
        receipt: dict[str, Any] = json.loads((self.stage.studio.output / song / "stems.json").read_text("utf-8"))
        return receipt


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    stage = Stage(tmp_path_factory.mktemp("ardour"))
    try:
        return Story(stage, **the_events(stage))
    except BaseException as error:
        error.add_note("\n".join(["Our scripts have said:", *stage.witness.said()]))
        error.add_note(f"The end of the bridge's log:\n{tail(stage.studio.state / 'logs' / 'stembridge.log')}")
        raise


def the_events(stage: Stage) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    with stage.desk.ardour(stage.session) as ardour:
        with stage.studio.up() as bridge:
            a_session_with_a_mix(stage, ardour)
            seen |= a_bounce_that_the_bridge_refuses(stage, ardour)
            seen |= an_export_while_the_bridge_crashes(stage, ardour, bridge)
        with stage.studio.up():
            seen |= the_stems_come_from_the_next_bridge(stage, ardour)
            seen |= a_crash_in_the_middle_of_an_import(stage, ardour)
    with stage.desk.ardour(stage.session) as ardour:
        with stage.studio.up():
            seen |= the_session_opened_again(stage, ardour)
        a_bounce_that_no_bridge_hears_of(stage, ardour)
        with stage.studio.up():
            seen |= the_next_bridge_hears_of_it(stage, ardour)
    return seen


def a_session_with_a_mix(stage: Stage, ardour: Ardour) -> None:
    ardour.script(PREPARE)
    wait_for("the mix", lambda: stage.regions(ardour))
    ardour.action("Common/Save")
    wait_for("the session to be saved", lambda: "Mix" in stage.session.read_text("utf-8"))


def a_bounce_that_the_bridge_refuses(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    bounce = stage.folder / "export" / "Outside.wav"
    bounce.symlink_to(stage.root / "Mix.wav")
    ardour.script(SEPARATE)
    stage.hears(REFUSED.format(bounce=bounce))
    ardour.window("Stembridge")
    ardour.photograph(stage.root / "refused.png")
    wanted = stage.wants("Outside")
    ardour.press("Stembridge", "alt+c")
    bounce.unlink()
    return {"wanted_after_refusal": wanted}


def an_export_while_the_bridge_crashes(stage: Stage, ardour: Ardour, bridge: Running) -> dict[str, Any]:
    stage.osc("/stembridge/pause")
    stage.export(ardour, EXPORT_BROADCAST, "One")
    stage.hears("The bridge has taken One.wav.")
    stage.hears("One.wav waits: the bridge is paused.")
    stage.osc("/stembridge/resume")
    wait_for("the job to be under way", lambda: stage.step("One"), pause_s=0.01)
    bridge.kill()
    stage.hears(f"One.wav: {stage.step('One')}")
    return {"told_of_one": [line for line in dict.fromkeys(stage.witness.said()) if "One.wav" in line]}


def the_stems_come_from_the_next_bridge(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    first = stage.wait_for_stems(ardour, "One")
    ardour.photograph(stage.root / "ardour.png")
    ardour.script(IMPORT)
    asked_again = stage.stems(ardour, "One")
    wanted = (stage.folder / "stembridge-wanted.txt").read_text("utf-8")
    ardour.action("Common/Save")
    wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {"first": first, "asked_again": asked_again, "wanted_before_saving": wanted}


def a_crash_in_the_middle_of_an_import(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    stage.witness.hold_the_next_import()
    stage.export(ardour, EXPORT_PLAIN, "Two")
    wait_for("the import to be in the middle", stage.witness.holds)
    ardour.kill()
    stage.witness.let_go()
    return {"killed_while_locked": (stage.studio.output / "Two" / ".importing").exists()}


def the_session_opened_again(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    shutil.copy(stage.root / "Mix.wav", stage.studio.inbox / "By Hand.wav")
    opened = stage.regions(ardour)
    wait_for("the third delivery", lambda: (stage.studio.output / "By Hand" / "stems.json").exists())
    failing = stage.report_of(ardour, FAILING_IMPORTS)
    after_failing = stage.regions(ardour)
    make_old(stage.studio.output / "Two" / ".importing" / "by")
    second = stage.wait_for_stems(ardour, "Two")
    ardour.script(UNDO)
    undone = stage.regions(ardour)
    ardour.script(REDO)
    redone = stage.regions(ardour)
    ardour.script(IMPORT_ASKING)
    ardour.press("Stembridge: import finished stems", "alt+o")
    by_hand = stage.wait_for_stems(ardour, "By Hand")
    return {
        "opened_after_the_kill": opened,
        "failing": failing,
        "after_failing": after_failing,
        "second": second,
        "undone_once": undone,
        "redone": redone,
        "by_hand": by_hand,
    }


def a_bounce_that_no_bridge_hears_of(stage: Stage, ardour: Ardour) -> None:
    shutil.copy(stage.root / "Mix.wav", stage.folder / "export" / "Three.wav")
    ardour.script(SEPARATE_ASKING)
    ardour.press("Stembridge: separate", "alt+o")
    ardour.press("Stembridge", "alt+c")
    stage.hears(NOT_RUNNING.format(name="Three.wav"))


def the_next_bridge_hears_of_it(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    stage.hears("The bridge is there now, and was asked for the stems of Three.wav again.")
    third = stage.wait_for_stems(ardour, "Three")
    ardour.script(IMPORT)
    at_the_end = stage.regions(ardour)
    ardour.action("Common/Save")
    wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {"third": third, "at_the_end": at_the_end}


def make_old(by: Path) -> None:
    """Let the lock of an importer that was killed be two minutes old."""
    lines = by.read_text("utf-8").split("\n")
    lines[2] = str(int(lines[2]) - 121)
    by.write_text("\n".join(lines), "utf-8")


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
