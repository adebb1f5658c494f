"""Against libebur128, and against the signals of EBU Tech 3341 v4 (table 1) that can be synthesised."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyebur128
import pytest
from numpy.typing import NDArray

from bridge.audio.level import Level, LevelMeter, PeakMeter
from bridge.units import Hz

Samples = NDArray[np.float32]
RATE = 48000


def level_of(samples: Samples, rate: int = RATE, seed: int = 0) -> Level:
    """Measure in blocks of all lengths."""
    meter, random, start = LevelMeter(Hz(rate), samples.shape[1]), np.random.default_rng(seed), 0
    while start < len(samples):
        length = int(random.integers(1, 70000))
        meter.add(samples[start : start + length])
        start += length
    return meter.level()


def reference(samples: Samples, rate: int) -> tuple[float, float]:
    """Return libebur128's loudness and true peak."""
    mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
    state = pyebur128.R128State(samples.shape[1], rate, mode)
    state.add_frames(np.ascontiguousarray(samples, np.float64).reshape(-1), len(samples))
    peaks = [pyebur128.get_true_peak(state, channel) for channel in range(samples.shape[1])]
    return pyebur128.get_loudness_global(state), 20 * math.log10(max(peaks))


def sine(level_dbfs: float, seconds: float, channels: int = 2, hertz: float = 1000.0) -> Samples:
    wave = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hertz / RATE * np.arange(round(seconds * RATE)))
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def in_sequence(*parts: tuple[float, float]) -> Samples:
    return np.concatenate([sine(level, seconds) for level, seconds in parts])


CASES: dict[str, tuple[Samples, float]] = {
    "1": (sine(-23, 20), -23),
    "2": (sine(-33, 20), -33),
    "3": (in_sequence((-36, 10), (-23, 60), (-36, 10)), -23),
    "4": (in_sequence((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23),
    "5": (in_sequence((-26, 20), (-20, 20.1), (-26, 20)), -23),
}


@pytest.mark.parametrize("case", CASES)
def test_ebu_3341_loudness_cases_are_within_a_tenth(case: str) -> None:
    samples, expected = CASES[case]
    measured = level_of(samples).loudness
    assert measured == pytest.approx(expected, abs=0.1)
    assert measured == pytest.approx(reference(samples, RATE)[0], abs=0.001)


def test_ebu_3341_case_6_weighs_the_surrounds_and_leaves_the_low_frequency_channel_out() -> None:
    levels = (-28, -28, -24, -10, -30, -30)
    samples = np.concatenate([sine(level, 20, 1) for level in levels], axis=1)
    assert level_of(samples).loudness == pytest.approx(-23, abs=0.1)
    assert level_of(samples).loudness == pytest.approx(reference(samples, RATE)[0], abs=0.001)


def fourth_of_the_rate(divisor: float, phase_degrees: float, amplitude: float) -> Samples:
    """A tone at rate/divisor with a fade at both ends, as EBU 3341's cases 15 to 19 are made."""
    time = np.arange(RATE)
    fade = np.minimum(1, np.minimum(time, time[::-1]) / (0.01 * RATE))
    wave = amplitude * fade * np.sin(2 * np.pi * time / divisor + math.radians(phase_degrees))
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("case", "samples", "expected"),
    [
        ("15", fourth_of_the_rate(4, 0, 0.5), -6.0),
        ("16", fourth_of_the_rate(4, 45, 0.5), -6.0),
        ("17", fourth_of_the_rate(6, 60, 0.5), -6.0),
        ("18", fourth_of_the_rate(8, 67.5, 0.5), -6.0),
        ("19", fourth_of_the_rate(4, 45, 1.41), 3.0),
    ],
)
def test_ebu_3341_true_peak_cases_are_within_two_tenths(case: str, samples: Samples, expected: float) -> None:
    peak = level_of(samples).peak
    assert peak == pytest.approx(expected, abs=0.2)
    assert peak == pytest.approx(reference(samples, RATE)[1], abs=0.2)


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_ebu_3341_cases_20_to_23_find_a_peak_between_samples_at_every_quarter(offset: int) -> None:
    """One period of a louder tone in a quieter one, made at 4 x the rate, low-passed, taken from `offset` on."""
    fine = 4 * RATE
    wave = 0.5 * np.sin(2 * np.pi / 24 * np.arange(fine))
    middle = len(wave) // 2 // 24 * 24
    wave[middle : middle + 24] *= 2
    spectrum = np.fft.rfft(wave)
    spectrum[len(spectrum) // 4 :] = 0
    wave = np.fft.irfft(spectrum, len(wave))
    samples = np.repeat(wave[offset::4, None], 2, axis=1).astype(np.float32)
    assert level_of(samples).peak == pytest.approx(20 * math.log10(np.abs(wave).max()), abs=0.2)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 96000, 192000])
def test_loudness_agrees_with_libebur128_at_every_rate(rate: int, noise: Callable[..., Samples]) -> None:
    samples = noise(rate * 3 + 777)
    assert level_of(samples, rate).loudness == pytest.approx(reference(samples, rate)[0], abs=0.001)


def test_how_a_stream_is_cut_into_blocks_changes_nothing(noise: Callable[..., Samples]) -> None:
    samples = noise(100_000)
    one, other = level_of(samples, seed=1), level_of(samples, seed=2)
    assert one.peak == other.peak
    assert one.loudness == pytest.approx(other.loudness, abs=1e-9)


def test_silence_has_neither_loudness_nor_peak() -> None:
    level = level_of(np.zeros((RATE, 2), np.float32))
    assert (level.peak, level.loudness) == (-math.inf, -math.inf)
    assert level.silent


def test_an_offset_is_no_loudness_but_a_peak() -> None:
    level = level_of(np.full((5 * RATE, 2), 0.5, np.float32))
    assert level.loudness < -20
    assert level.peak > -6.1


def test_less_than_400_ms_has_no_loudness(noise: Callable[..., Samples]) -> None:
    assert level_of(noise(RATE * 4 // 10 - 1)).loudness == -math.inf
    assert level_of(noise(RATE * 4 // 10)).loudness > -40


def test_one_frame_has_the_peak_of_its_sample() -> None:
    assert level_of(np.full((1, 1), 0.5, np.float32)).peak == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("place", [0, 1, 4095, 32767, 32768, 40000 - 1])
def test_a_click_is_found_wherever_it_lies(place: int) -> None:
    samples = np.zeros((40000, 2), np.float32)
    samples[place, 1] = -0.25
    assert level_of(samples).peak == pytest.approx(-12.04, abs=0.01)


def test_the_peak_meter_finds_what_the_level_meter_finds(noise: Callable[..., Samples]) -> None:
    samples = noise(90_000, channels=3)
    meter = PeakMeter(3)
    meter.add(samples)
    assert meter.level().peak == level_of(samples).peak


def test_twelve_channels_are_measured(noise: Callable[..., Samples]) -> None:
    samples = np.zeros((RATE, 12), np.float32)
    samples[:, 8] = noise(RATE, 1)[:, 0]
    assert level_of(samples).loudness == pytest.approx(level_of(samples[:, 8:9]).loudness, abs=1e-6)
