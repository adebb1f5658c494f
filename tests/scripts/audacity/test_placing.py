"""An import against a simulated Audacity, where every moment to die or to meddle can be tried."""

from __future__ import annotations

import getpass
import json
import platform
import sys
import time
from pathlib import Path

import pytest

from bridge.delivery.importing import Delivery, read
from scripts.audacity.pipe import Pipe
from scripts.audacity.placing import Choices, bring
from scripts.audacity.project import Project
from scripts.audacity.trouble import Refused, Trouble
from tests.scripts.audacity.audacity_double import AudacityDouble, Killed, OneTrack

MINE = OneTrack("my track", "wave", 3.0)


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    stems = [{"name": name, "file": f"{name}.wav", "sample_rate": 48_000, "silent": name == "bass"} for name in "abc"]
    stems[0].update(name="vocals", silent=False)
    for stem in stems:
        (tmp_path / str(stem["file"])).touch()
    source = {"sample_rate": 48_000, "time_reference": 24_000}
    receipt = {"schema": 1, "job": "j1", "song": "song", "take": 1, "source": source, "stems": stems}
    (tmp_path / "stems.json").write_text(json.dumps(receipt))
    return read(tmp_path)


@pytest.fixture
def audacity() -> AudacityDouble:
    double = AudacityDouble()
    double.tracks.append(OneTrack(MINE.name, MINE.kind, MINE.start))
    double.push()
    return double


def bring_to(audacity: AudacityDouble, delivery: Delivery, choices: Choices | None = None) -> bool:
    with Pipe(connect=lambda: audacity) as pipe:
        return bring(Project(pipe), delivery, choices or Choices())


WHOLE = [
    MINE,
    OneTrack("Stembridge job j1", "label"),
    OneTrack("song - vocals", "wave", 0.5),
    OneTrack("song - b", "wave", 0.5),
    OneTrack("song - c", "wave", 0.5),
]


def test_an_import_is_one_undo_step_with_its_stamp_in_it(audacity: AudacityDouble, delivery: Delivery) -> None:
    steps = audacity.now
    assert bring_to(audacity, delivery)
    assert audacity.tracks == WHOLE
    assert audacity.now == steps + 1
    audacity.do_undo({})
    assert audacity.tracks == [MINE]
    audacity.do_redo({})
    assert audacity.tracks == WHOLE
    assert not bring_to(audacity, delivery)
    assert audacity.tracks == WHOLE


def test_at_every_moment_the_importer_can_be_killed_and_the_next_one_makes_up_for_it(
    audacity: AudacityDouble, delivery: Delivery
) -> None:
    bring_to(audacity, delivery)
    commands = len(audacity.said)
    for moment in range(2, commands):
        double = AudacityDouble()
        double.tracks.append(OneTrack(MINE.name, MINE.kind, MINE.start))
        double.push()

        def die(command: str, double: AudacityDouble = double, moment: int = moment) -> None:
            if len(double.said) == moment:
                raise Killed

        double.before_command = die
        lock = delivery.folder / ".importing"
        with pytest.raises(Killed):
            bring_to(double, delivery)
        # What a killed process would have left: its claim.
        lock.mkdir()
        lines = ["Stembridge for Audacity", _place(), f"{time.time():.3f}", "nonce", ""]
        (lock / "by").write_text("\n".join(lines))
        double.before_command = lambda command: None
        bring_to(double, delivery)
        # Between its birth and its naming a label track says nothing of us: it stays, empty.
        kept = [track for track in double.tracks if not track.name.startswith("Labels ")]
        assert kept == WHOLE, moment
        assert len(double.tracks) <= len(WHOLE) + 1
        assert not lock.exists()


def _place() -> str:
    return f"the project open in the Audacity of {getpass.getuser()} on {platform.node()}"


def test_whoever_changes_the_project_meanwhile_is_told_and_keeps_a_project_without_half_an_import(
    audacity: AudacityDouble, delivery: Delivery
) -> None:
    def meddle(command: str) -> None:
        if command.startswith("Copy"):
            audacity.tracks[0].name = "renamed"
            audacity.push()

    audacity.before_command = meddle
    with pytest.raises(Refused, match="was changed while"):
        bring_to(audacity, delivery)
    assert [track.kind for track in audacity.tracks] in (["wave"], ["wave", "label"])
    assert not (delivery.folder / ".importing").exists()
    audacity.before_command = lambda command: None
    assert bring_to(audacity, delivery)


@pytest.mark.parametrize("command", ["Import2", "SetClip", "Copy", "Paste"])
def test_a_refused_command_leaves_the_project_as_it_was(
    audacity: AudacityDouble, delivery: Delivery, command: str
) -> None:
    audacity.refused = command
    with pytest.raises(Refused, match=command):
        bring_to(audacity, delivery)
    assert audacity.tracks == [MINE]
    assert not (delivery.folder / ".importing").exists()
    audacity.refused = ""
    assert bring_to(audacity, delivery)
    assert audacity.tracks == WHOLE


@pytest.mark.skipif(sys.platform == "win32", reason="there no name can hold these")
@pytest.mark.parametrize("folder", ["new\\night", "new\nnight"])
def test_a_path_that_audacity_misreads_is_refused_before_anything_is_changed(
    audacity: AudacityDouble, delivery: Delivery, tmp_path: Path, folder: str
) -> None:
    place = tmp_path / folder
    place.mkdir()
    for file in delivery.folder.glob("*.*"):
        file.rename(place / file.name)
    with pytest.raises(Trouble, match="with a backslash or a line break in it") as refusal:
        bring_to(audacity, read(place))
    assert "\n" not in str(refusal.value)
    assert (audacity.tracks, audacity.now) == ([MINE], 1)
    assert not (place / ".importing").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there no path can be that long")
def test_a_path_that_does_not_fit_into_its_buffer_leaves_the_project_as_it_was(
    audacity: AudacityDouble, delivery: Delivery, tmp_path: Path
) -> None:
    place = tmp_path.joinpath(*['"' * 100] * 5)
    place.mkdir(parents=True)
    for file in delivery.folder.glob("*.*"):
        file.rename(place / file.name)
    with pytest.raises(Trouble, match="too long for Audacity"):
        bring_to(audacity, read(place))
    assert audacity.tracks == [MINE]


def test_the_musicians_choices_of_place_and_silence_count(audacity: AudacityDouble, delivery: Delivery) -> None:
    silent = delivery._replace(stems=tuple(stem._replace(silent=stem.name == "b") for stem in delivery.stems))
    assert bring_to(audacity, silent, Choices(at_s=7.25, silent=False))
    assert [(track.name, track.start) for track in audacity.tracks[2:]] == [("song - vocals", 7.25), ("song - c", 7.25)]
    nothing = delivery._replace(job="j2", stems=tuple(stem._replace(silent=True) for stem in delivery.stems))
    with pytest.raises(Trouble, match="All stems of song are silent"):
        bring_to(audacity, nothing, Choices(silent=False))


def test_another_importer_is_waited_for_and_its_stamp_believed(audacity: AudacityDouble, delivery: Delivery) -> None:
    lock = delivery.folder / ".importing"
    lock.mkdir()
    (lock / "by").write_text(f"REAPER\nsong.rpp\n{time.time():.3f}\nnonce\n")
    pauses = []

    def other_importer_ends(pause_s: float) -> None:
        pauses.append(pause_s)
        audacity.tracks.append(OneTrack("Stembridge job j1", "label"))

    with Pipe(connect=lambda: audacity) as pipe:
        assert not bring(Project(pipe), delivery, Choices(), sleep=other_importer_ends)
    assert pauses == [0.5]
    clock = iter(range(0, 10_000, 200))
    audacity.tracks.pop()
    with Pipe(connect=lambda: audacity) as pipe, pytest.raises(Trouble, match="Another importer is busy with song"):
        bring(Project(pipe), delivery, Choices(), clock=lambda: next(clock), sleep=lambda _: None)
    assert lock.exists()


def test_an_empty_project_takes_the_rate_of_the_stems(delivery: Delivery) -> None:
    audacity = AudacityDouble()
    assert bring_to(audacity, delivery)
    assert "SetProject: Rate=48000" in audacity.said
    assert bring_to(audacity, delivery._replace(job="j2"))
    assert audacity.said.count("SetProject: Rate=48000") == 1
