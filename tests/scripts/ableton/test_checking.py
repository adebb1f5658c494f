from __future__ import annotations

import pytest

from scripts.ableton.Stembridge.checking import complaints, mend_ends
from scripts.ableton.Stembridge.importing import read
from scripts.ableton.Stembridge.live import Version
from scripts.ableton.Stembridge.placing import Placed, place
from tests.scripts.ableton.conftest import Deliver
from tests.scripts.ableton.live_double import Studio

SECONDS = 0.1


def put(studio: Studio, deliver: Deliver, *stems: str) -> list[Placed]:
    delivery = read(deliver(stems=stems))
    return place(studio.song_now, delivery, list(delivery.stems), 8.0, Version(*studio.version))


def settle(studio: Studio) -> None:
    for clip in studio.unsettled:
        clip.settle()


def test_a_clip_that_unwarping_left_too_short_is_made_as_long_as_its_file(studio: Studio, deliver: Deliver) -> None:
    placed = put(studio, deliver, "vocals", "drums")
    settle(studio)
    assert "does not play vocals, drums to the end" in complaints(placed)
    mend_ends(placed)
    assert "does not play" in complaints(placed), "Live tells a tick later"
    settle(studio)
    assert complaints(placed) == ""
    assert [(each.clip.end_marker, each.clip.loop_end) for each in placed] == [(SECONDS, SECONDS)] * 2


def test_an_end_that_cannot_be_set_is_said(studio: Studio, deliver: Deliver) -> None:
    studio.keeps_ends = True
    placed = put(studio, deliver, "vocals")
    settle(studio)
    mend_ends(placed)
    settle(studio)
    assert (
        complaints(placed) == "Live does not play vocals to the end: drag the right edge of its clip as far as it goes."
    )


def test_in_the_same_tick_live_still_tells_of_the_warped_clip(studio: Studio, deliver: Deliver) -> None:
    placed = put(studio, deliver, "vocals")
    assert "did not put vocals where it belongs" in complaints(placed)
    settle(studio)
    assert "did not put" not in complaints(placed)


def test_stems_in_the_wrong_place_are_named(studio: Studio, deliver: Deliver) -> None:
    studio.misplaces = True
    placed = put(studio, deliver, "vocals", "drums")
    settle(studio)
    mend_ends(placed)
    settle(studio)
    assert complaints(placed) == "Live did not put vocals, drums where it belongs: look at its place and its Warp."


def test_what_live_keeps_of_the_default_audio_track_is_said(studio: Studio, deliver: Deliver) -> None:
    studio.keeps_devices = True
    placed = put(studio, deliver, "vocals")
    settle(studio)
    mend_ends(placed)
    settle(studio)
    assert complaints(placed).startswith("Live kept devices, volume or pan of your default audio track on vocals")


class Gone:
    """A clip that the musician has deleted, as Live lets go of one."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> object:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("deleted"), TypeError("Python argument types in None.None(Clip)")])
def test_a_clip_that_is_gone_is_nobodys_trouble(studio: Studio, deliver: Deliver, error: Exception) -> None:
    (placed,) = put(studio, deliver, "vocals")
    placed = placed._replace(clip=Gone(error))
    mend_ends([placed])
    assert complaints([placed]) == ""


def test_a_live_that_does_not_tell_how_long_a_file_is_is_believed(studio: Studio, deliver: Deliver) -> None:
    (placed,) = put(studio, deliver, "vocals")
    settle(studio)
    del placed.clip.sample_length
    mend_ends([placed])
    assert complaints([placed]) == ""
