"""What a project waits for survives the musician's undo, and belongs to that project only."""

from __future__ import annotations

import pytest

from tests.scripts.reaper.conftest import Studio
from tests.scripts.reaper.reaper_musician import Musician
from tests.scripts.reaper.simulated_project import Project


@pytest.fixture
def project(studio: Studio) -> Project:
    """A song with two steps that can be undone."""
    project = studio.reaper.front
    project.path = "/songs/Night Drive.RPP"
    project.add_item(0.0, 4.0, "mix.wav")
    project.selection = (1.0, 1.5)
    project.step("Insert item")
    project.step("Move item")
    return project


def test_undoing_another_step_does_not_lose_a_bounce(studio: Studio, project: Project) -> None:
    musician = Musician(studio)
    musician.click("Bounce and separate")
    project.undo()
    assert musician.requests() == []
    assert musician.sees("Night Drive: waiting for the stems")
    studio.reaper.tick(3)
    [request] = musician.requests()
    assert request["song"] == "Night Drive"
    project.step("Trim item")
    project.undo()
    studio.deliver()
    studio.reaper.tick(3, seconds=2.0)
    assert len(project.tracks) == 6


def test_undoing_a_later_step_neither_imports_again_nor_waits_again(studio: Studio, project: Project) -> None:
    musician = Musician(studio)
    musician.click("Bounce and separate")
    studio.deliver()
    studio.reaper.tick(3, seconds=2.0)
    project.step("Move item")
    project.undo()
    studio.reaper.tick(3, seconds=2.0)
    assert len(project.tracks) == 6
    assert musician.requests() == []


def test_what_was_cancelled_stays_cancelled(studio: Studio, project: Project) -> None:
    musician = Musician(studio)
    musician.click("Bounce and separate")
    project.step("Move item")
    musician.click("Cancel")
    project.step("Trim item")
    project.undo()
    assert len(musician.requests()) == 1
    assert not musician.sees("Night Drive: waiting")
    assert musician.requests() == []


@pytest.mark.parametrize("changes", [0, 1000], ids=["counted anew", "counted on"])
def test_a_project_opened_again_without_saving_gets_its_stems_again(
    studio: Studio, project: Project, changes: int
) -> None:
    studio.wait_for()
    saved = dict(project.ext)
    studio.deliver()
    studio.action("Auto-import")
    studio.reaper.tick(1, seconds=3.0)
    assert len(project.tracks) == 6
    project.open_again(project.path, saved, changes)
    studio.reaper.tick(1)
    project.step("Quick hand")
    studio.reaper.tick(1, seconds=3.0)
    assert len(project.tracks) == 5


@pytest.mark.parametrize(
    ("path", "changes", "steps"), [("", 0, 0), ("", 0, 1), ("", 1000, 0), ("/songs/Other.rpp", 1000, 1)]
)
def test_another_project_in_the_same_tab_does_not_wait_for_the_last_ones_bounce(
    studio: Studio, project: Project, path: str, changes: int, steps: int
) -> None:
    """Some projects come with the undo history that was saved with them."""
    project.path = ""
    musician = Musician(studio)
    musician.click("Bounce and separate")
    project.open_again(path, {}, changes)
    for _ in range(steps):
        project.step("Edit")
    studio.deliver(song="untitled")
    studio.reaper.tick(3, seconds=2.0)
    assert project.tracks == []
    assert musician.requests() == []


def test_a_project_that_is_saved_for_the_first_time_still_waits(studio: Studio, project: Project) -> None:
    project.path = ""
    musician = Musician(studio)
    musician.click("Bounce and separate")
    project.path = "/songs/Night Drive.RPP"
    studio.deliver(song="untitled")
    studio.reaper.tick(3, seconds=2.0)
    assert len(project.tracks) == 6
