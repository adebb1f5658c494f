from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.ableton.Stembridge.picking import Bounce, Nothing, last_bounce, last_delivery, selected_clip, wish
from tests.scripts.ableton.conftest import Deliver, audio
from tests.scripts.ableton.live_clips import Clip, MidiClip
from tests.scripts.ableton.live_double import Studio


def clip(studio: Studio, path: Path, start: float | None) -> Clip:
    made = Clip(studio, str(path), start, studio.song_now.tempo)
    made.warping = False
    made.settle()
    studio.song_now.view.detail_clip = made
    return made


def test_the_selected_clips_file_is_meant_and_where_it_begins(studio: Studio, tmp_path: Path) -> None:
    path = audio(tmp_path / "take.wav")
    clip(studio, path, 16.0)
    assert selected_clip(studio.song_now) == Bounce(path, 16.0)


def test_a_clip_that_shows_only_a_part_begins_where_its_whole_file_would(studio: Studio, tmp_path: Path) -> None:
    made = clip(studio, audio(tmp_path / "take.wav"), 16.0)
    made.start_marker = 3.0
    assert selected_clip(studio.song_now).begins == 10.0, "unwarped: 3 s are 6 beats at 120 bpm"
    made.warping = True
    made.start_marker = 3.0
    assert selected_clip(studio.song_now).begins == 13.0, "warped: it is in beats"


def test_a_clip_of_the_session_has_no_place_in_the_arrangement(studio: Studio, tmp_path: Path) -> None:
    clip(studio, audio(tmp_path / "take.wav"), None)
    assert selected_clip(studio.song_now).begins is None


def test_without_an_audio_clip_there_is_nothing_to_separate(studio: Studio, tmp_path: Path) -> None:
    view = studio.song_now.view
    with pytest.raises(Nothing, match="Select an audio clip"):
        selected_clip(studio.song_now)
    view.detail_clip = MidiClip()
    with pytest.raises(Nothing, match="MIDI"):
        selected_clip(studio.song_now)
    clip(studio, tmp_path / "gone.wav", 0.0)
    with pytest.raises(Nothing, match=r"gone\.wav is not there"):
        selected_clip(studio.song_now)


def test_the_last_bounce_is_the_newest_audio_file_in_the_inbox(tmp_path: Path) -> None:
    for age, name in enumerate(["new.AIF", "old.wav", ".hidden.wav", "new.stembridge", "notes.txt"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_000 - age, 1_000 - age) if name[0] == "n" else (900, 900))
    os.utime(tmp_path / "notes.txt", (2_000, 2_000))
    os.utime(tmp_path / ".hidden.wav", (2_000, 2_000))
    assert last_bounce(tmp_path).path.name == "new.AIF"


@pytest.mark.parametrize("inbox", ["", "gone"])
def test_an_inbox_without_a_bounce_is_said(tmp_path: Path, inbox: str) -> None:
    with pytest.raises(Nothing, match="no bounce"):
        last_bounce(tmp_path / inbox)


def test_the_last_delivery_may_be_a_later_take_and_never_one_on_its_way(tmp_path: Path, deliver: Deliver) -> None:
    with pytest.raises(Nothing, match="no finished stems"):
        last_delivery(tmp_path / "Stems")
    first = deliver()
    take = deliver(song="Mix/take 02")
    staged = deliver(song=".stembridge/j9")
    os.utime(first / "stems.json", (1, 1))
    os.utime(staged / "stems.json", (2_000_000_000, 2_000_000_000))
    assert last_delivery(tmp_path / "Stems") == take


@pytest.mark.parametrize(
    ("name", "rest", "word", "choice"),
    [
        ("Drop !stems", "Drop", "stems", ""),
        ("Drop !STEMS vocals ", "Drop", "stems", "vocals"),
        ("!stems", "", "stems", ""),
        ("2-Audio !import", "2-Audio", "import", ""),
        ("a\nb!stems 501", "a\nb", "stems", "501"),
    ],
)
def test_a_word_behind_a_name_is_a_wish(studio: Studio, name: str, rest: str, word: str, choice: str) -> None:
    studio.song_now.view.selected_track.name = name
    found = wish(studio.song_now)
    assert found is not None
    assert (found.is_clip, found.rest, found.word, found.choice) == (False, rest, word, choice)


@pytest.mark.parametrize("name", ["", "Drop", "stems", "My !stemsy", "!stems of my drums", "wow! stems"])
def test_any_other_name_is_only_a_name(studio: Studio, name: str) -> None:
    studio.song_now.view.selected_track.name = name
    assert wish(studio.song_now) is None


def test_the_clip_comes_before_the_track(studio: Studio, tmp_path: Path) -> None:
    made = clip(studio, audio(tmp_path / "take.wav"), 0.0)
    made.name = studio.song_now.view.selected_track.name = "Drop !stems"
    found = wish(studio.song_now)
    assert found is not None
    assert (found.named, found.is_clip) == (made, True)
