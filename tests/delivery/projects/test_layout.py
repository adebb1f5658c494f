from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.projects.layout import decimal_seconds, layout, printable

if TYPE_CHECKING:
    from tests.delivery.projects.conftest import Takes


@given(frames=st.integers(0, 86_400 * 192_000), rate=st.sampled_from([8000, 44_100, 48_000, 88_200, 96_000, 192_000]))
def test_a_moment_in_seconds_leads_back_to_its_very_frame(frames: int, rate: int) -> None:
    written = decimal_seconds(frames, rate)
    assert set(written) <= set("0123456789.")
    assert round(float(written) * rate) == round(Decimal(written) * rate) == frames


def test_the_stems_begin_at_the_bounces_origin_whatever_their_own_rate(takes: Takes) -> None:
    assert layout(takes.receipt(origin=44_100 * 3600)).start == "3600"
    assert layout(takes.receipt()).start == "0"


def test_six_stems_are_six_tracks_in_the_receipts_order(takes: Takes) -> None:
    tracks = layout(takes.receipt()).tracks
    assert [track.name for track in tracks] == ["bass", "drums", "vocals", "piano", "guitar", "other"]
    assert [f"{track.colour:06X}" for track in tracks] == ["3D5A80", "F3A712", "E4572E", "8E6C8A", "76B041", "9AA0A6"]
    assert {(track.container, track.seconds, track.channels) for track in tracks} == {("wav", "2.083354166667", 2)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\u2028more\x85", "two lines more "),
        ("caf\udce9", "caf?"),
        ("\uffff", "?"),
        ("naïve 🎸 名", "naïve 🎸 名"),
    ],
)
def test_a_name_is_one_line_that_every_format_can_hold(text: str, shown: str) -> None:
    assert printable(text) == shown
