"""The conversation with Audacity: what was once seen to go wrong, in the order of `pipe`, `project` and `wires`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import cast

import pytest

from scripts.audacity.pipe import Pipe
from scripts.audacity.project import Project, Track, spoken, tracks_in
from scripts.audacity.trouble import NoAnswer, NoAudacity, Refused, Trouble
from tests.scripts.audacity.audacity_desk import importer, only_one, pipe
from tests.scripts.audacity.audacity_double import AudacityDouble


def test_answers_that_nobody_waited_for_are_passed_over() -> None:
    audacity = AudacityDouble(to_say=b"\n\n[ ]\nBatchCommand finished: OK\n\nBatchCommand finished: Failed!\n\n")
    with Pipe(connect=lambda: audacity) as pipe:
        assert pipe.ask('Message: Text="hello"') == "hello"


def test_an_audacity_that_is_still_starting_is_asked_again() -> None:
    audacity = AudacityDouble(to_say=b"\n\n", deaf=True)

    def wake_up(command: str) -> None:
        audacity.deaf = len(audacity.said) < 2

    audacity.before_command = wake_up
    with Pipe(connect=lambda: audacity) as pipe:
        assert pipe.ask('Message: Text="hello"') == "hello"


def test_silence_ends_in_a_sentence() -> None:
    audacity = AudacityDouble()
    with Pipe(connect=lambda: audacity) as pipe:
        audacity.deaf = True
        with pytest.raises(NoAnswer, match="Close the dialog"):
            pipe.ask("Undo:", timeout_s=0.01)
    with pytest.raises(NoAnswer, match="Close the dialog"):
        Pipe(patience_s=0.01, connect=lambda: audacity)


def test_a_refusal_carries_what_audacity_says() -> None:
    audacity = AudacityDouble(refused="Undo")
    with Pipe(connect=lambda: audacity) as pipe, pytest.raises(Refused, match="would not do this: Undo"):
        pipe.ask("Undo:")


def test_what_does_not_fit_into_its_buffer_is_never_sent() -> None:
    audacity = AudacityDouble()
    with Pipe(connect=lambda: audacity) as pipe, pytest.raises(Trouble, match="too long"):
        pipe.ask(f'Import2: Filename="{"é" * 500}"')
    assert len(audacity.said) == 1


@pytest.mark.parametrize(
    "name", ["plain", 'b/s "q"', "a\\b", 'tail\\"', '", "focused":1', "Für Élise 日本", "tab\there"]
)
def test_every_name_comes_back_although_only_quotes_are_escaped(name: str) -> None:
    double = AudacityDouble()
    double.do_newlabeltrack({})
    double.tracks[0].name = name
    double.do_import2({"Filename": "/x/stem.wav"})
    assert tracks_in(double.do_getinfo({})) == [Track(name, "label", 0, 0), Track("stem", "wave", 0, 1)]


def test_a_name_is_sent_without_what_audacity_misreads() -> None:
    assert spoken("a\\b\tc\nd \\") == "a/b c d /"


class WindowsPath(PureWindowsPath):
    """A stem there, as far as an import asks."""

    def stat(self) -> os.stat_result:
        return os.stat_result([0] * 10)


@pytest.mark.parametrize(
    ("path", "heard"),
    [
        (r"C:\stems\night\no_bass.wav", "C:/stems/night/no_bass.wav"),
        (r"\\studio\new songs\n\b.wav", "//studio/new songs/n/b.wav"),
    ],
)
def test_a_path_of_windows_arrives_although_audacity_makes_a_line_break_of_backslash_n(path: str, heard: str) -> None:
    audacity = AudacityDouble()
    with Pipe(connect=lambda: audacity) as pipe:
        Project(pipe).add_audio(cast("Path", WindowsPath(path)))
    assert audacity.imported == [heard]


def test_a_path_with_quotes_and_accents_arrives(tmp_path: Path) -> None:
    audacity, path = AudacityDouble(), tmp_path / 'Für "n" \'né.wav'
    path.touch()
    with Pipe(connect=lambda: audacity) as pipe:
        Project(pipe).add_audio(path)
    assert audacity.imported == [str(path)]


posix = pytest.mark.skipif(sys.platform == "win32", reason="there its pipes are not files")


@pytest.fixture
def no_audacity() -> Iterator[None]:
    with only_one():
        yield
        for way in ("to", "from"):
            pipe(way).unlink(missing_ok=True)


@posix
@pytest.mark.slow
@pytest.mark.xdist_group("Audacity")
@pytest.mark.usefixtures("no_audacity")
def test_without_audacity_there_is_one_sentence_and_no_hanging(tmp_path: Path) -> None:
    (tmp_path / "bass.wav").touch()
    stem = '{"name": "bass", "file": "bass.wav"}'
    source = '{"sample_rate": 48000, "time_reference": 0}'
    (tmp_path / "stems.json").write_text(
        f'{{"schema": 1, "job": "j", "song": "s", "take": 1, "source": {source}, "stems": [{stem}]}}'
    )
    done = importer(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Audacity is not running, or does not listen to scripts. Start Audacity, switch")
    assert done.stderr.count("\n") == 1


@posix
@pytest.mark.slow
@pytest.mark.xdist_group("Audacity")
@pytest.mark.usefixtures("no_audacity")
def test_the_pipes_of_a_dead_audacity_and_files_of_others_are_told(tmp_path: Path) -> None:
    for way in ("to", "from"):
        os.mkfifo(pipe(way), 0o700)
    with pytest.raises(NoAudacity, match="no longer listens"):
        Pipe()
    pipe("to").unlink()
    pipe("to").write_text("not a pipe")
    with pytest.raises(NoAudacity, match="was not made by your Audacity"):
        Pipe()
