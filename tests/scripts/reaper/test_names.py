"""Names and colours are those that the bridge itself would give."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.delivery.importing import COLOURS, colour
from bridge.delivery.naming import song_of
from tests.scripts.reaper.conftest import Studio

RELAXED = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def names(studio: Studio) -> Any:
    return studio.part("names")


@RELAXED
@given(
    st.text(st.sampled_from('aZ9é漢 ._-/\\:*?"<>|\t\ncon'), max_size=60)
    | st.sampled_from(["con", "NUL.x", "com1", "x" * 300])
)
def test_the_bridge_calls_the_song_as_we_call_its_file(names: Any, text: str) -> None:
    song = names.song(text)
    assert song_of(Path(f"{song}.wav")) == song
    assert len(song.encode()) <= 101


@pytest.mark.parametrize("stem", [*COLOURS, *(f"no_{stem}" for stem in COLOURS), "synth", "no_synth"])
def test_colours_are_the_same_in_every_daw(names: Any, stem: str) -> None:
    red, green, blue = names.colour(stem)
    assert red << 16 | green << 8 | blue == colour(stem)


@RELAXED
@given(st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2200, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_time_of_a_receipt_is_understood(deliveries: Any, moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=datetime.UTC)
    assert deliveries.seconds(moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) == moment.timestamp()


@pytest.fixture
def deliveries(studio: Studio) -> Any:
    return studio.part("deliveries")
