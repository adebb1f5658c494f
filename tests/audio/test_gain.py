from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.gain import excess, gains
from bridge.audio.level import Level, Written
from bridge.audio.options import RenderOptions
from bridge.errors import UsageError
from bridge.units import Db, DbTp, Lufs

SILENCE = Level(DbTp(-math.inf), Lufs(-math.inf))


def level(peak: float, loudness: float) -> Level:
    return Level(DbTp(peak), Lufs(loudness))


def file(peak: float, sample_peak: float = -math.inf) -> Written:
    return Written(level(peak, -14), Db(sample_peak))


LEVELS = st.lists(st.builds(level, st.floats(-80, 20), st.floats(-60, 0)), min_size=1, max_size=6)


@given(LEVELS, st.sampled_from(["song", "stem"]), st.one_of(st.none(), st.floats(-40, -5)))
def test_no_stem_passes_the_ceiling(stems: list[Level], mode: str, lufs: float | None) -> None:
    options = RenderOptions(mode="song" if mode == "song" else "stem", peak_dbtp=-1.0, lufs=lufs)
    for stem, gain in zip(stems, gains(level(0, -14), stems, options), strict=True):
        assert stem.peak + gain <= -1.0 + 1e-6
        assert gain <= 24


@given(LEVELS)
def test_a_song_is_only_lowered_and_every_stem_alike(stems: list[Level]) -> None:
    decided = gains(None, stems, RenderOptions(mode="song", peak_dbtp=-1.0))
    assert len(set(decided)) == 1
    assert decided[0] <= 0
    assert decided[0] == pytest.approx(min(0, -1.0 - max(stem.peak for stem in stems)), abs=0.0101)


def test_a_song_with_a_loudness_brings_the_mix_to_it() -> None:
    options = RenderOptions(mode="song", peak_dbtp=-1.0, lufs=-14.0)
    assert gains(level(-3, -20), [level(-12, -25), level(-9, -22)], options) == [6.0, 6.0]


def test_a_song_with_a_loudness_stays_under_the_ceiling() -> None:
    options = RenderOptions(mode="song", peak_dbtp=-1.0, lufs=-14.0)
    assert gains(level(-3, -20), [level(-5, -25), SILENCE], options) == [4.0, 4.0]


def test_each_stem_alone_reaches_its_loudness_or_the_ceiling() -> None:
    options = RenderOptions(mode="stem", peak_dbtp=-1.0, lufs=-18.0)
    assert gains(None, [level(-20, -30), level(-4, -30), level(-60, -70)], options) == [12.0, 3.0, 24.0]


def test_without_a_loudness_each_stem_reaches_the_ceiling() -> None:
    assert gains(None, [level(-7, -30), level(2, -9)], RenderOptions(mode="stem", peak_dbtp=-1.0)) == [6.0, -3.0]


@pytest.mark.parametrize("lufs", [None, -14.0])
def test_silence_is_left_alone(lufs: float | None) -> None:
    assert gains(None, [SILENCE, level(-95, -math.inf)], RenderOptions(mode="stem", lufs=lufs)) == [0.0, 0.0]
    assert gains(SILENCE, [SILENCE], RenderOptions(mode="song", lufs=lufs)) == [0.0]


def test_a_stem_too_short_for_a_loudness_is_not_raised() -> None:
    assert gains(None, [level(-20, -math.inf)], RenderOptions(mode="stem", lufs=-14.0)) == [0.0]


def test_mode_none_changes_nothing() -> None:
    assert gains(None, [level(6, -5)], RenderOptions(mode="none")) == [0.0]
    assert excess([file(6)], RenderOptions(mode="none")) == []


def test_a_peak_that_resampling_raised_is_taken_back_from_all_of_a_song() -> None:
    files = [file(-0.72), file(-3)]
    assert excess(files, RenderOptions(mode="song", peak_dbtp=-1.0)) == [0.28, 0.28]
    assert excess(files, RenderOptions(mode="stem", peak_dbtp=-1.0)) == [0.28, 0.0]
    assert excess([file(-0.96)], RenderOptions(mode="song", peak_dbtp=-1.0)) == []


def test_what_clipping_took_away_counts_as_over_the_ceiling() -> None:
    assert excess([file(0.01, 0.4)], RenderOptions(mode="song", peak_dbtp=0.0)) == [0.4]


def test_flac_in_float_is_refused_with_a_way_out() -> None:
    with pytest.raises(UsageError) as caught:
        RenderOptions(format="flac", depth="32f")
    assert "24" in caught.value.advice
