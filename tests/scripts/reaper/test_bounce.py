"""What is rendered into the inbox, and what becomes of each thing that can go wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.audio.bwf import read_metadata
from bridge.inbox.filters import Filters
from tests.scripts.reaper.conftest import RATE, Studio
from tests.scripts.reaper.reaper_musician import Musician
from tests.scripts.reaper.simulated_reaper import SimulatedReaper


@pytest.fixture
def musician(studio: Studio) -> Musician:
    """A project of four seconds, of which one and a half are selected."""
    project = studio.reaper.front
    project.path = "/songs/Night Drive.RPP"
    project.add_item(0.0, 4.0, "mix.wav")
    project.selection = (1.0, 2.5)
    return Musician(studio)


def test_the_time_selection_is_rendered_whole_and_with_its_origin(studio: Studio, musician: Musician) -> None:
    studio.reaper.front.offset_s = 10.0
    musician.click("Bounce and separate")
    bounce = studio.inbox / "Night Drive.wav"
    assert [path.name for path in studio.inbox.iterdir()] == [bounce.name]
    assert read_metadata(bounce).time_reference == 11 * RATE
    [request] = musician.requests()
    assert (request["start"], request["offset"]) == (1.0, 10.0)
    assert (request["song"], request["file"]) == ("Night Drive", "Night Drive.wav")


def test_the_musicians_render_settings_are_as_before(studio: Studio, musician: Musician) -> None:
    numbers, texts = dict(studio.reaper.front.numbers), dict(studio.reaper.front.texts)
    musician.click("Bounce and separate")
    studio.reaper.fail = {"Main_OnCommand"}
    musician.click("Bounce and separate")
    assert (studio.reaper.front.numbers, studio.reaper.front.texts) == (numbers, texts)
    assert musician.sees("REAPER could not render")


def test_without_a_time_selection_the_project_is_rendered_between_its_start_and_end_markers(
    studio: Studio, musician: Musician
) -> None:
    studio.reaper.front.selection = (0.0, 0.0)
    studio.reaper.front.markers = [("verse", 0.5), ("=START", 1.5), ("=END", 3.0)]
    musician.click("Bounce and separate")
    assert read_metadata(studio.inbox / "Night Drive.wav").time_reference == 1.5 * RATE
    assert musician.requests()[0]["start"] == 1.5


def test_the_selected_item_can_be_the_bounce(studio: Studio, musician: Musician) -> None:
    item = studio.reaper.front.add_item(2.0, 1.0, "Live at Home v1.5.wav")
    musician.click("Bounce", "The selected item")
    assert musician.sees("Select exactly one item")
    studio.reaper.selected = [item]
    musician.reaper.tick()
    musician.click("Bounce and separate")
    assert read_metadata(studio.inbox / "Live at Home v1.5.wav").time_reference == 2 * RATE
    assert musician.requests()[0]["originals"] == [item.guid]


def test_an_empty_project_is_told_so(studio: Studio) -> None:
    musician = Musician(studio)
    assert musician.sees("There is nothing to bounce")
    musician.click("Bounce and separate")
    assert list(studio.inbox.iterdir()) == []


def test_an_unsaved_project_is_called_untitled(studio: Studio) -> None:
    studio.reaper.front.selection = (0.0, 0.2)
    Musician(studio).click("Bounce and separate")
    assert (studio.inbox / "untitled.wav").exists()


def test_the_name_can_be_changed_and_is_one_that_every_system_takes(studio: Studio, musician: Musician) -> None:
    studio.reaper.inputs.append('AC/DC: "Live"?')
    musician.click("Song")
    musician.click("Bounce and separate")
    assert [path.name for path in studio.inbox.iterdir()] == ["AC_DC_ _Live__.wav"]


@pytest.mark.parametrize(("part", "sentence"), [(0.4, "The render was stopped"), (0.0, "The render was stopped")])
def test_a_render_that_was_stopped_is_not_separated(
    studio: Studio, musician: Musician, part: float, sentence: str
) -> None:
    studio.reaper.render_part = part
    musician.click("Bounce and separate")
    assert musician.sees(sentence)
    assert list(studio.inbox.iterdir()) == []
    assert musician.requests() == []


def test_while_it_is_rendered_the_bridge_sees_no_bounce(studio: Studio, musician: Musician) -> None:
    seen: list[Path] = []
    filters = Filters(studio.inbox, [], [])
    render = studio.reaper.Main_OnCommand

    def spy(command: int, flag: int) -> None:
        render(command, flag)
        seen.extend(path.relative_to(studio.inbox) for path in studio.inbox.rglob("*.wav"))

    studio.reaper.Main_OnCommand = spy  # type: ignore[method-assign]
    musician.click("Bounce and separate")
    [file] = seen
    assert not all(filters.enters(folder.as_posix()) for folder in list(file.parents)[:-1])
    assert [path.name for path in studio.inbox.iterdir()] == ["Night Drive.wav"]


def test_a_render_that_would_go_elsewhere_is_not_begun(studio: Studio, musician: Musician) -> None:
    texts = studio.reaper.GetSetProjectInfo_String
    studio.reaper.GetSetProjectInfo_String = lambda project, name, text, is_set: (  # type: ignore[method-assign]
        (True, "/elsewhere/bounce.wav") if name == "RENDER_TARGETS" else texts(project, name, text, is_set)
    )
    musician.click("Bounce and separate")
    assert musician.sees("REAPER could not render: it would write to /elsewhere")
    assert list(studio.inbox.iterdir()) == []


def test_our_own_bounce_is_replaced_for_the_next_take_and_any_other_file_is_not(
    studio: Studio, musician: Musician
) -> None:
    theirs = studio.inbox / "Night Drive.wav"
    theirs.write_bytes(b"somebody's")
    musician.click("Bounce and separate")
    musician.click("Bounce and separate")
    assert theirs.read_bytes() == b"somebody's"
    assert sorted(path.name for path in studio.inbox.iterdir()) == ["Night Drive 2.wav", "Night Drive.wav"]
    [request] = musician.requests()
    assert request["song"] == "Night Drive 2"


def test_a_file_that_took_the_place_of_our_bounce_is_not_replaced(studio: Studio, musician: Musician) -> None:
    musician.click("Bounce and separate")
    place = studio.inbox / "Night Drive.wav"
    theirs = bytearray(place.read_bytes())
    theirs[-30_000:] = b"\1" * 30_000
    place.write_bytes(theirs)
    musician.click("Bounce and separate")
    assert place.read_bytes() == theirs
    assert (studio.inbox / "Night Drive 2.wav").exists()


def test_the_next_reaper_knows_its_bounces(studio: Studio, musician: Musician) -> None:
    musician.click("Bounce and separate")
    project, studio.reaper = studio.reaper.front, SimulatedReaper(studio.reaper.resource)
    studio.reaper.front.path, studio.reaper.front.selection = project.path, (0.0, 0.5)
    Musician(studio).click("Bounce and separate")
    assert [path.name for path in studio.inbox.iterdir()] == ["Night Drive.wav"]


def test_recording_is_never_disturbed(studio: Studio, musician: Musician) -> None:
    studio.reaper.playing = 1 | 4
    musician.click("Bounce and separate")
    assert musician.sees("Stop recording before you bounce.")
    assert list(studio.inbox.iterdir()) == []
