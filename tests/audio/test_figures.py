"""The figures of a report, against what anybody finds who measures the delivered files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyebur128
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from bridge.audio.bwf import Metadata
from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions, RenderReport
from bridge.audio.quantise import quantiser
from bridge.audio.render import render
from bridge.audio.stemfile import flac_stem, wav_stem
from bridge.audio.wavheader import WavFormat
from bridge.units import Depth, Frames, Hz, NormaliseMode, StemFormat

Samples = NDArray[np.float32]
Measured = NDArray[np.float64]
RATE = 44100
FORMATS: list[tuple[StemFormat, Depth]] = [
    ("wav", "16"),
    ("wav", "24"),
    ("wav", "32f"),
    ("flac", "16"),
    ("flac", "24"),
]


def part(seed: int, level: float) -> Samples:
    """A second of stereo noise without anything near the highest frequency, so that every true-peak meter agrees."""
    noise = np.random.default_rng(seed).standard_normal((RATE + 7, 2))
    smooth = np.hanning(16)
    soft = np.stack([np.convolve(noise[:, side], smooth, "same") for side in (0, 1)], axis=1)
    return np.asarray(soft / soft.std() * level, np.float32)


def stems(hot: bool, names: tuple[str, ...] = ("vocals", "drums", "bass", "other")) -> dict[str, Samples]:
    """Stems, of which the drums (or the second) pass full scale if `hot`."""
    return {name: part(seed, 0.5 if hot and seed == 1 else 0.05) for seed, name in enumerate(names)}


def delivered(
    folder: Path, made: Mapping[str, Samples], options: RenderOptions, lack: float = 0.0
) -> tuple[RenderReport, dict[str, Measured], Measured]:
    """Render, and return the report, the files' samples and the mix's."""
    mix = np.asarray(sum(made.values()) * np.float32(1 + lack), np.float32)
    for name, samples in {"mix": mix, **made}.items():
        soundfile.write(folder / f"raw {name}.wav", samples, RATE, subtype="FLOAT")
    files = {name: f"{name}.{options.format}" for name in made}
    canonical = Canonical(folder / "raw mix.wav", Hz(RATE), 2, Frames(len(mix)))
    raw = {name: folder / f"raw {name}.wav" for name in made}
    report = render(canonical, raw, files, folder, Metadata(), options)
    read = {name: soundfile.read(folder / file, dtype="float64")[0] for name, file in files.items()}
    return report, read, mix.astype(np.float64)


def null_db(report: RenderReport, read: Mapping[str, Measured], mix: Measured) -> float:
    """What is left of the mix when every file, turned back by its gain, is taken away."""
    total = np.sum([read[stem.name] * 10 ** (-stem.gain_db / 20) for stem in report.stems], axis=0)
    return 10 * math.log10(np.square(mix - total).sum() / np.square(mix).sum())


def assert_levels(report: RenderReport, read: Mapping[str, Measured]) -> None:
    """Each stem's true peak and loudness are libebur128's."""
    mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
    for stem in report.stems:
        samples = read[stem.name]
        meter = pyebur128.R128State(2, stem.sample_rate, mode)
        meter.add_frames(np.ascontiguousarray(samples).reshape(-1), len(samples))
        peak = max(pyebur128.get_true_peak(meter, channel) for channel in (0, 1))
        assert stem.peak_dbtp == pytest.approx(20 * math.log10(peak), abs=0.1), stem.name
        assert stem.lufs == pytest.approx(pyebur128.get_loudness_global(meter), abs=0.01), stem.name


@pytest.mark.parametrize(("form", "depth"), FORMATS)
@pytest.mark.parametrize(("mode", "hot"), [("song", False), ("song", True), ("stem", False), ("none", True)])
def test_the_figures_are_those_of_the_files(
    mode: NormaliseMode, hot: bool, form: StemFormat, depth: Depth, tmp_path: Path
) -> None:
    options = RenderOptions(mode=mode, format=form, depth=depth)
    report, read, mix = delivered(tmp_path, stems(hot), options)
    assert report.null_depth_db == pytest.approx(null_db(report, read, mix), abs=0.5)
    assert_levels(report, read)
    clips = ["drums" in note and "clips" in note for note in report.notes]
    assert clips == ([True] if hot and mode == "none" and depth != "32f" else [])
    if clips:
        assert report.null_depth_db is not None
        assert report.null_depth_db > -40


@pytest.mark.parametrize("depth", ["16", "24", "32f"])
@pytest.mark.parametrize("rate", [32000, 48000])
def test_at_another_rate_the_files_are_held_against_the_mix_resampled_alike(
    rate: int, depth: Depth, tmp_path: Path
) -> None:
    report, read, mix = delivered(tmp_path, stems(hot=True), RenderOptions(depth=depth, rate=rate))
    alike = soxr.resample(mix, RATE, rate)
    frames = min(len(alike), report.stems[0].frames)
    found = null_db(report, {name: samples[:frames] for name, samples in read.items()}, alike[:frames])
    assert report.null_depth_db == pytest.approx(found, abs=0.5)
    assert_levels(report, read)


@pytest.mark.parametrize("hot", [False, True])
def test_a_pair_that_lacks_something_shows_it_along_with_what_was_clipped(hot: bool, tmp_path: Path) -> None:
    options = RenderOptions(mode="none", depth="16")
    report, read, mix = delivered(tmp_path, stems(hot, ("vocals", "no_vocals")), options, lack=0.1)
    assert report.null_depth_db == pytest.approx(null_db(report, read, mix), abs=0.05)
    assert report.null_depth_db is not None
    assert report.null_depth_db > -21


def test_dither_is_part_of_what_a_quiet_file_holds(tmp_path: Path) -> None:
    quiet = {name: samples * np.float32(1e-2) for name, samples in stems(hot=False).items()}
    exact, _, _ = delivered(tmp_path, quiet, RenderOptions(depth="32f"))
    report, read, mix = delivered(tmp_path, quiet, RenderOptions(depth="16"))
    assert_levels(report, read)
    assert report.null_depth_db == pytest.approx(null_db(report, read, mix), abs=0.5)
    assert [stem.peak_dbtp for stem in report.stems] != [stem.peak_dbtp for stem in exact.stems]


@pytest.mark.parametrize(("form", "depth"), FORMATS)
def test_a_writer_returns_exactly_what_is_then_read(form: str, depth: str, tmp_path: Path) -> None:
    block = part(3, 0.5)
    assert np.abs(block).max() > 1
    bits = int(depth.removesuffix("f"))
    shape = WavFormat(Hz(RATE), 2, bits, float_samples=depth == "32f")
    quantise, path = quantiser(bits, seed=1), tmp_path / f"stem.{form}"
    opened = (
        flac_stem(path, shape, quantise)
        if form == "flac"
        else wav_stem(path, shape, Frames(len(block)), Metadata(), quantise)
    )
    with opened as write:
        returned = write(block)
    np.testing.assert_array_equal(returned, soundfile.read(path, dtype="float32")[0])
