"""The rough preview, through files as in a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.errors import EngineFailed, StorageError
from bridge.separation.catalogue import model
from bridge.separation.preview.engine import PreviewEngine
from bridge.separation.registry import ENGINES
from bridge.separation.separator import SeparationRequest
from bridge.units import no_progress

Sound = NDArray[np.float32]
Separate = Callable[..., dict[str, Sound]]
RATE = 44100

ABLE = list(ENGINES["preview"].passes or ())


def _level_db(samples: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-30))


def _null_db(stems: dict[str, Sound], mix: Sound) -> float:
    total = np.sum([stem.astype(np.float64) for stem in stems.values()], axis=0)
    return _level_db(total - mix) - _level_db(mix.astype(np.float64))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    rate=st.sampled_from([8000, 22050, 44100, 48000, 96000]),
    channels=st.sampled_from([1, 2, 3, 6]),
    frames=st.integers(1, 30_000),
    level=st.sampled_from([1e-4, 0.1, 4.0]),
    seed=st.integers(0, 1000),
)
@example(rate=192_000, channels=2, frames=200_000, level=0.1, seed=0)
@example(rate=44_100, channels=12, frames=50_000, level=0.1, seed=0)
@example(rate=44_100, channels=1, frames=1, level=0.1, seed=0)
def test_the_stems_have_the_mix_s_shape_and_sum_to_it(
    separate: Separate, rate: int, channels: int, frames: int, level: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    mix = (level * random.normal(size=(frames, channels))).astype(np.float32)
    stems = separate(mix, rate)
    assert set(stems) == {"bass", "drums", "vocals", "other"}
    assert all(stem.shape == mix.shape for stem in stems.values())
    assert _null_db(stems, mix) <= -120


@pytest.mark.parametrize("model_id", ABLE)
def test_every_model_it_can_make_gives_its_stems_and_they_sum_to_the_mix(
    separate: Separate, band: dict[str, Sound], model_id: int
) -> None:
    mix = np.sum(list(band.values()), axis=0)[: 2 * RATE]
    stems = separate(mix, model_id=model_id)
    wanted = {name: stems[name] for name in model(model_id).delivered}
    assert _null_db(wanted, mix) <= -120


def test_whichever_model_asks_the_same_four_stems_are_made(separate: Separate, band: dict[str, Sound]) -> None:
    mix = np.sum(list(band.values()), axis=0)[: 2 * RATE]
    for name, stem in separate(mix).items():
        np.testing.assert_array_equal(separate(mix, model_id=350)[name], stem)


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0])
def test_silence_and_a_constant_come_out_whole(separate: Separate, value: float) -> None:
    mix = np.full((RATE // 2, 2), value, np.float32)
    stems = separate(mix)
    assert all(np.isfinite(stem).all() for stem in stems.values())
    np.testing.assert_allclose(np.sum(list(stems.values()), axis=0), mix, atol=2e-6)


def test_silence_gives_silent_stems(separate: Separate) -> None:
    assert not any(stem.any() for stem in separate(np.zeros((1000, 1), np.float32)).values())


@pytest.mark.parametrize("channels", [1, 2])
def test_every_stem_is_better_than_the_mix_itself(separate: Separate, band: dict[str, Sound], channels: int) -> None:
    truth = band if channels == 2 else {name: stem.mean(axis=1, keepdims=True) for name, stem in band.items()}
    mix = np.sum(list(truth.values()), axis=0)
    stems = separate(mix)
    gains = {name: _si_sdr(stems[name], truth[name]) - _si_sdr(mix, truth[name]) for name in truth}
    assert min(gains.values()) > 2, gains


def _si_sdr(estimate: Sound, truth: Sound) -> float:
    guess, target = estimate.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    target = target * (guess @ target) / (target @ target)
    return _level_db(target) - _level_db(guess - target)


def test_mono_is_separated_as_stereo_with_two_equal_sides(separate: Separate, band: dict[str, Sound]) -> None:
    mono = np.sum(list(band.values()), axis=0).mean(axis=1, keepdims=True)[:RATE]
    one, two = separate(mono), separate(np.repeat(mono, 2, axis=1))
    for name, stem in one.items():
        np.testing.assert_allclose(np.repeat(stem, 2, axis=1), two[name], atol=1e-6)


def test_the_seams_of_blocks_cannot_be_heard(separate: Separate, band: dict[str, Sound]) -> None:
    mix = np.sum(list(band.values()), axis=0)
    whole, cut = separate(mix), separate(mix, engine=PreviewEngine(core=RATE))
    for name, stem in whole.items():
        np.testing.assert_allclose(cut[name], stem, atol=1e-5)


def test_the_same_mix_gives_the_same_bytes(tmp_path: Path, band: dict[str, Sound]) -> None:
    soundfile.write(tmp_path / "mix.wav", np.sum(list(band.values()), axis=0)[:RATE], RATE, "FLOAT")
    written = []
    for turn in ("first", "second"):
        folder = tmp_path / turn
        folder.mkdir()
        paths = PreviewEngine().separate(SeparationRequest(tmp_path / "mix.wav", model(501), folder), no_progress)
        written.append({name: path.read_bytes() for name, path in paths.items()})
    assert written[0] == written[1]


def test_progress_never_falls_and_ends_at_one(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mix.wav", np.zeros((4 * RATE, 1), np.float32), RATE, "FLOAT")
    stems = tmp_path / "stems"
    stems.mkdir()
    reports: list[float] = []
    PreviewEngine(core=RATE).separate(SeparationRequest(tmp_path / "mix.wav", model(501), stems), reports.append)
    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    assert len(set(reports)) >= 12
    assert all(0 <= report <= 1 for report in reports)


def test_an_rf64_mix_is_read(tmp_path: Path) -> None:
    mix = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "mix.rf64", mix, RATE, "FLOAT", format="RF64")
    stems = tmp_path / "stems"
    stems.mkdir()
    paths = PreviewEngine().separate(SeparationRequest(tmp_path / "mix.rf64", model(501), stems), no_progress)
    assert _null_db({name: soundfile.read(path, dtype="float32")[0] for name, path in paths.items()}, mix) <= -120


def test_a_mix_that_is_no_audio_is_the_engine_s_failure(tmp_path: Path) -> None:
    (tmp_path / "mix.wav").write_bytes(b"no audio at all")
    with pytest.raises(EngineFailed, match="could not read the mix"):
        PreviewEngine().separate(SeparationRequest(tmp_path / "mix.wav", model(501), tmp_path), no_progress)


def test_a_folder_that_is_gone_is_a_storage_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mix.wav", np.zeros(100), RATE, "FLOAT")
    with pytest.raises(StorageError) as caught:
        PreviewEngine().separate(SeparationRequest(tmp_path / "mix.wav", model(501), tmp_path / "gone"), no_progress)
    assert caught.value.code == "storage.gone"
