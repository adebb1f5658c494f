"""The three passes, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.separation.preview.folddown import sides
from bridge.separation.preview.masks import MaskPass, Spectrum
from bridge.separation.preview.rules import RULES
from bridge.separation.preview.stft import analyse, window_size
from bridge.units import Hz
from tests.separation.conftest import RATE, Sound


def _spectrum(samples: Sound, each: MaskPass, rate: int = RATE) -> Spectrum:
    size = window_size(each.window_s, Hz(rate))
    padded = np.pad(samples, ((size, size), (0, 0)))
    spectra = [analyse(side, size) for side in sides(padded)]
    return Spectrum(spectra[0], spectra[-1], Hz(rate), size // 4)


@settings(max_examples=20, deadline=None)
@given(
    rate=st.sampled_from([8000, 44100, 48000]),
    frames=st.integers(1, 20_000),
    level=st.sampled_from([0.0, 1e-7, 0.1, 1e6]),
    seed=st.integers(0, 99),
)
@pytest.mark.parametrize("each", RULES, ids=lambda each: type(each).__name__)
def test_masks_stay_within_nothing_and_all(each: MaskPass, rate: int, frames: int, level: float, seed: int) -> None:
    samples = (level * np.random.default_rng(seed).normal(size=(frames, 2))).astype(np.float32)
    masks = each.masks(_spectrum(samples, each, rate))
    assert all(mask.dtype == np.float32 for mask in masks.values()), "single precision keeps memory and time halved"
    assert all(mask.min() >= 0 for mask in masks.values())
    assert np.sum(list(masks.values()), axis=0).max() <= 1 + 1e-5


@pytest.mark.parametrize("each", RULES, ids=lambda each: type(each).__name__)
def test_a_mask_does_not_hang_on_how_loud_the_mix_is(each: MaskPass, band: dict[str, Sound]) -> None:
    mix = np.sum(list(band.values()), axis=0)[:RATE]
    soft, loud = each.masks(_spectrum(0.25 * mix, each)), each.masks(_spectrum(mix, each))
    for name, mask in loud.items():
        assert np.mean(np.abs(mask - soft[name])) < 0.01


@pytest.mark.parametrize(("index", "stem"), list(enumerate(["drums", "bass", "vocals"])))
def test_a_pass_takes_more_of_its_own_stem_than_of_any_other(band: dict[str, Sound], index: int, stem: str) -> None:
    each = RULES[index]
    mix = np.sum(list(band.values()), axis=0)
    mask = each.masks(_spectrum(mix, each))[stem]
    kept = {}
    for name, sound in band.items():
        power = np.abs(_spectrum(sound, each).left) ** 2
        kept[name] = float(np.sum(power * mask) / np.sum(power))
    assert max(kept, key=lambda name: kept[name]) == stem, kept


def test_three_channels_have_their_centre_on_both_sides() -> None:
    samples = np.array([[1.0, 2.0, 10.0]], np.float32)
    assert [float(side[0]) for side in sides(samples)] == [11.0, 12.0]


def test_five_point_one_puts_centre_and_low_on_both_sides() -> None:
    samples = np.array([[1.0, 2.0, 10.0, 20.0, 100.0, 200.0]], np.float32)
    assert [float(side[0]) for side in sides(samples)] == [131.0, 232.0]


def test_mono_has_one_side() -> None:
    assert len(sides(np.zeros((5, 1), np.float32))) == 1
