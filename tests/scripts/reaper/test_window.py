"""The window: choices that are kept, progress over the line, and stems that come without it."""

from __future__ import annotations

from collections.abc import Callable

import lupa.lua53
import pytest

from tests.scripts.reaper.conftest import RATE, Studio
from tests.scripts.reaper.reaper_musician import Musician
from tests.scripts.reaper.simulated_project import Track
from tests.scripts.reaper.simulated_reaper import SimulatedReaper

LINE = "Stembridge line"


@pytest.fixture
def musician(studio: Studio) -> Musician:
    """A project of four seconds, of which one and a half are selected."""
    project = studio.reaper.front
    project.path = "/songs/Night Drive.RPP"
    project.add_item(0.0, 4.0, "mix.wav")
    project.selection = (1.0, 2.5)
    return Musician(studio)


@pytest.fixture
def connect(studio: Studio) -> Callable[[], None]:
    """Let the other end of the line be there, as Stembridge_Line.eel says it in ExtState."""
    beats = iter(range(1_000_000))

    def beat() -> None:
        studio.reaper.SetExtState(LINE, "alive", str(next(beats)), False)

    def do() -> None:
        studio.reaper.SetExtState(LINE, "state", "open", False)
        studio.reaper.SetExtState(LINE, "version", "1.2.3", False)
        beat()
        studio.reaper.tick()

    return do


def test_a_preset_selects_its_folder_and_is_remembered_by_the_next_reaper(studio: Studio, musician: Musician) -> None:
    (studio.inbox / "karaoke").mkdir()
    musician.click("Preset", "karaoke")
    musician.click("Bounce and separate")
    assert (studio.inbox / "karaoke" / "Night Drive.wav").exists()
    again = SimulatedReaper(studio.reaper.resource)
    again.front.selection = (0.0, 1.0)
    studio.reaper = again
    assert Musician(studio).sees("karaoke")


def test_presets_come_from_the_configuration_as_well(studio: Studio, musician: Musician) -> None:
    studio.say(presets=["rough", "vocals"])
    studio.reaper.tick(1, seconds=1.1)
    musician.click("Preset", "rough")
    studio.reaper.inputs.append("../up")
    musician.click("Preset", "Another preset...")
    assert musician.sees("A preset is called by letters")
    studio.reaper.inputs.append("vocals-2")
    musician.click("Preset", "Another preset...")
    assert musician.sees("vocals-2")


def test_the_other_end_of_the_line_is_started_once(studio: Studio, musician: Musician) -> None:
    studio.reaper.tick(300)
    assert studio.reaper.running == ["Stembridge_Line.eel"]
    assert musician.sees("No line to Stembridge")


def test_without_a_line_the_stems_come_all_the_same(studio: Studio, musician: Musician) -> None:
    musician.click("Bounce and separate")
    assert musician.sees("Night Drive: waiting for the stems")
    assert studio.reaper.GetExtState(LINE, "out") == ""
    studio.deliver(bounce="Night Drive.wav", time_reference=RATE)
    studio.reaper.tick(3, seconds=2.0)
    assert len(studio.reaper.front.tracks) == 6
    assert musician.requests() == []
    assert musician.sees("The stems are in.")


def test_over_the_line_the_job_tells_its_progress_and_is_found_by_its_id(
    studio: Studio, musician: Musician, connect: Callable[[], None]
) -> None:
    reaper = studio.reaper
    connect()
    assert musician.sees("Connected to Stembridge 1.2.3.")
    musician.click("Bounce and separate")
    number, address, path = reaper.GetExtState(LINE, "out").split("\n")
    assert (address, path) == ("/stembridge/separate", str(studio.inbox / "Night Drive.wav"))
    reaper.SetExtState(LINE, f"reply {number}", "accepted\njob7", False)
    reaper.SetExtState(LINE, "job job7 progress", "0.5000", False)
    reaper.SetExtState(LINE, "job job7 step", "separating", False)
    connect()
    assert musician.sees("Night Drive: separating")
    assert musician.requests()[0]["job"] == "job7"
    elsewhere = studio.deliver(job="job7", song="Renamed")
    reaper.SetExtState(LINE, "job job7 folder", str(elsewhere), False)
    reaper.tick(3, seconds=2.0)
    assert reaper.front.tracks[1].name == "Renamed"


def test_how_a_job_ends_while_the_line_is_broken_is_read_and_a_failure_is_over_when_it_is_tried_again(
    studio: Studio, musician: Musician, connect: Callable[[], None]
) -> None:
    def say(**more: object) -> None:
        row = {"job": "job7", "bounce": "", "state": "separating", "step": "filed", "progress": 0.1, "changed": 0}
        studio.say(jobs=[{**row, **more}])
        studio.reaper.tick(1, seconds=1.1)
        connect()

    studio.wait_for(job="job7")
    studio.reaper.SetExtState(LINE, "job job7 state", "separating", False)
    studio.reaper.SetExtState(LINE, "job job7 step", "heard", False)
    say()
    assert musician.sees("Night Drive: heard")
    say(state="failed", error={"code": "x", "message": "It failed.", "advice": ""})
    assert musician.sees("Night Drive: It failed.")
    studio.reaper.SetExtState(LINE, "job job7 error", "It failed.", False)
    say()
    assert musician.sees("Night Drive: filed")


def test_cancel_tells_the_bridge_and_waits_no_longer(
    studio: Studio, musician: Musician, connect: Callable[[], None]
) -> None:
    connect()
    musician.click("Bounce and separate")
    number = studio.reaper.GetExtState(LINE, "out").split("\n")[0]
    studio.reaper.SetExtState(LINE, "out", "", False)
    studio.reaper.SetExtState(LINE, f"reply {number}", "accepted\njob7", False)
    connect()
    musician.click("Cancel")
    assert studio.reaper.GetExtState(LINE, "out").split("\n")[1:] == ["/stembridge/cancel", "job7"]
    assert musician.requests() == []


def test_what_the_bridge_refuses_is_said_and_can_be_dismissed(
    studio: Studio, musician: Musician, connect: Callable[[], None]
) -> None:
    connect()
    musician.click("Bounce and separate")
    number = studio.reaper.GetExtState(LINE, "out").split("\n")[0]
    studio.reaper.SetExtState(LINE, f"reply {number}", "error\nThere is no preset x.", False)
    connect()
    assert musician.sees("Night Drive: There is no preset x.")
    musician.click("Dismiss")
    assert musician.requests() == []


def test_a_line_that_breaks_before_the_answer_changes_nothing(
    studio: Studio, musician: Musician, connect: Callable[[], None]
) -> None:
    connect()
    musician.click("Bounce and separate")
    number = studio.reaper.GetExtState(LINE, "out").split("\n")[0]
    studio.reaper.SetExtState(LINE, f"reply {number}", "lost\n", False)
    studio.reaper.SetExtState(LINE, "state", "closed", False)
    assert musician.sees("Night Drive: waiting for the stems")


def test_a_bridge_that_has_stopped_or_is_paused_is_said(studio: Studio, musician: Musician) -> None:
    for row, text in (
        ({"running": False, "paused": True}, "Stembridge is not running: bounces wait in the inbox"),
        ({"paused": True}, "Stembridge is paused"),
        ({"paused": False}, "No line to Stembridge"),
    ):
        studio.say(**row)
        studio.reaper.tick(1, seconds=1.1)
        assert musician.sees(text)


def test_the_window_closes_with_escape_and_leaves_nothing_running(studio: Studio, musician: Musician) -> None:
    studio.reaper.gfx.key = 27
    studio.reaper.tick(2)
    assert not studio.reaper.gfx.is_open


def test_options_are_kept_and_the_originals_are_those_that_sound(studio: Studio, musician: Musician) -> None:
    project = studio.reaper.front
    bus, kick, muse = Track("Bus"), Track("Kick"), Track("Muse")
    bus.values["I_FOLDERDEPTH"], kick.values["I_FOLDERDEPTH"], muse.values["B_MUTE"] = 1, -1, 1
    project.tracks += [bus, kick, muse]
    musician.click("Options", "Mute the original when its stems come")
    musician.click("Bounce and separate")
    [request] = musician.requests()
    assert request["mute"] is True
    assert request["originals"] == [project.tracks[0].guid, bus.guid]


def test_the_choice_of_stems_is_shown(studio: Studio, musician: Musician) -> None:
    studio.reaper.SetExtState("Stembridge", "stems", '[{"bass":"left_out"}]', True)
    assert musician.sees("without bass")
    musician.click("Stems", "Import all stems")
    assert musician.sees("all")


def test_folders_can_be_chosen_and_left_to_the_bridge_again(studio: Studio, musician: Musician) -> None:
    other = studio.home / "Other Inbox"
    studio.reaper.inputs.append(str(other))
    musician.click("Options", "Inbox folder...")
    musician.click("Bounce and separate")
    assert (other / "Night Drive.wav").exists()
    studio.reaper.inputs.append("")
    musician.click("Options", "Inbox folder...")
    musician.click("Bounce and separate")
    assert (studio.inbox / "Night Drive.wav").exists()


def test_a_bridge_with_a_state_folder_of_its_own_can_be_found(studio: Studio, musician: Musician) -> None:
    studio.say(inbox=str(studio.home / "Bounces"))
    own = studio.state.rename(studio.home / "Own state")
    studio.reaper.inputs.append(str(own))
    musician.click("Options", "State folder...")
    musician.click("Bounce and separate")
    assert (studio.home / "Bounces" / "Night Drive.wav").exists()


def test_the_poke_line_names_the_action_that_imports(studio: Studio, musician: Musician) -> None:
    musician.click("Options", "Let the bridge poke REAPER...")
    [text] = studio.reaper.console
    name = text.split("/action/str ")[1].split('"')[0]
    command = studio.reaper.NamedCommandLookup(name)
    studio.reaper.Main_OnCommand(command, 0)
    assert studio.reaper.running[-1] == "Stembridge_Import finished stems.lua"


def test_lua_53_and_a_reaper_before_7_do_the_same(studio: Studio) -> None:
    studio.reaper = SimulatedReaper(studio.home / "REAPER6", lupa.lua53, version=6.8)
    studio.reaper.front.selection = (1.0, 1.5)
    musician = Musician(studio)
    musician.click("Bounce and separate")
    studio.deliver(song="untitled", time_reference=RATE)
    studio.reaper.tick(3, seconds=2.0)
    assert len(studio.reaper.front.tracks) == 5
