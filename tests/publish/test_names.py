from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.publish.names import content_type, expiry, found_in, unguessable


@given(st.text(max_size=40), st.integers(0, 10**11))
def test_a_published_name_is_one_plain_word_that_tells_its_end(name: str, expires: int) -> None:
    published = unguessable(name, expires)
    assert expiry(published) == expires
    assert published.isascii()
    assert not set(published) & set("/\\?#% ")
    assert found_in(f'<D:href>/dav/{published}</D:href> "{published}"') == {published}


def test_no_two_published_names_are_the_same() -> None:
    assert len({unguessable("song.flac", 1) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("name", "ending"),
    [("Song.FLAC", ".flac"), ("a.b.wav", ".wav"), ("song", ""), ("x.tar gz", ""), ("x.äö", ""), ("../x.w/v", "")],
)
def test_only_a_plain_ending_is_kept(name: str, ending: str) -> None:
    assert unguessable(name, 7).partition("-7")[2] == ending


@pytest.mark.parametrize("name", ["", "key", "song.flac", "0" * 48, "../" + "0" * 48 + "-1", "0" * 48 + "-1.flac\n"])
def test_a_name_that_is_not_ours_has_no_end(name: str) -> None:
    assert expiry(name) is None


def test_the_media_type_follows_the_ending() -> None:
    assert content_type("x.FLAC") == "audio/flac"
    assert content_type("x.wav") == "audio/wav"
    assert content_type("x.exe") == "application/octet-stream"
