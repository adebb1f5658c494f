from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from bridge.inbox.filters import Filters, is_bounce_name


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("*_draft.wav", "song_draft.wav", True),
        ("*_draft.wav", "deep/down/song_DRAFT.wav", True),
        ("*_draft.wav", "song_draft.wav.flac", False),
        ("old", "old", True),
        ("old", "older", False),
        ("old/**", "old/song.wav", True),
        ("old/**", "old/deep/song.wav", True),
        ("old/**", "new/old/song.wav", False),
        ("old/*", "old/deep/song.wav", False),
        ("**/old/*.wav", "old/song.wav", True),
        ("**/old/*.wav", "a/b/old/song.wav", True),
        ("/top.wav", "top.wav", True),
        ("/top.wav", "deep/top.wav", False),
        ("take ?.wav", "take 1.wav", True),
        ("take [!12].wav", "take 1.wav", False),
        ("take [!12].wav", "take 3.wav", True),
        ("a+b(1).wav", "a+b(1).wav", True),
        ("[", "[", True),
    ],
)
def test_a_pattern_must_match_the_whole_name_or_path(pattern: str, path: str, ignored: bool, tmp_path: Path) -> None:
    filters = Filters(tmp_path, [], [pattern])
    assert filters.ignores(path) is ignored


def test_an_ignored_folder_is_not_entered(tmp_path: Path) -> None:
    filters = Filters(tmp_path, [], ["old", "drafts/**"])
    assert not filters.enters("old")
    assert not filters.enters("deep/old")
    assert not filters.enters("drafts/new")
    assert filters.enters("new")


def test_only_the_folder_of_moved_bounces_at_the_top_is_left_alone(tmp_path: Path) -> None:
    filters = Filters(tmp_path, [], [])
    assert not filters.enters("Source")
    assert filters.enters("Album/Source")


@pytest.mark.parametrize("ours", ["", "sub/.."])
def test_the_inbox_cannot_be_the_folder_for_stems(tmp_path: Path, ours: str) -> None:
    with pytest.raises(ConfigError, match="cannot also be"):
        Filters(tmp_path, [tmp_path / ours], [])


def test_an_inbox_inside_the_folder_for_stems_is_fine(tmp_path: Path) -> None:
    assert Filters(tmp_path / "inbox", [tmp_path], []).enters("song")


@pytest.mark.parametrize("name", ["a.wav", "A.WAV", "a.b.aiff", "…äöü.flac", "a.m4a", "a.RF64"])
def test_an_audio_or_video_ending_makes_a_bounce(name: str) -> None:
    assert is_bounce_name(name)


@pytest.mark.parametrize("name", ["wav", "a", ".wav", "a.wav.tmp", "a.mid", "a.", "~$a.wav"])
def test_other_names_make_none(name: str) -> None:
    assert not is_bounce_name(name)
