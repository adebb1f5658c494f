from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.audio.mix import Canonical
from bridge.errors import EngineFailed
from bridge.separation.api.fit import fit
from bridge.separation.api.upload_form import sounding_frames, upload_form
from bridge.separation.catalogue import model
from bridge.units import Frames, Hz

Sound = NDArray[np.float32]
ROOT = Path(__file__).parents[3]
RATE = 44100
VOCALS, FOUR = model(350), model(501)


@pytest.fixture(scope="module")
def parts() -> dict[str, Sound]:
    """Return four seconds of four parts in stereo, on the steps of 16 bits."""
    random = np.random.default_rng(3)
    now = np.arange(4 * RATE) / RATE
    shapes = {
        "vocals": np.sin(2 * np.pi * 0.4 * now) ** 2,
        "drums": np.exp(-(now % 0.4) * 25),
        "bass": np.ones_like(now),
        "other": (now % 1 > 0.3).astype(float),
    }
    return {
        name: on_steps(0.05 * shape[:, None] * random.normal(size=(len(now), 2)), 16) for name, shape in shapes.items()
    }


def on_steps(sound: NDArray[np.floating], bits: int) -> Sound:
    return np.asarray(np.rint(sound * 2 ** (bits - 1)) / 2 ** (bits - 1), np.float32)


def canonical(path: Path, sound: Sound, rate: int = RATE) -> Canonical:
    soundfile.write(path, sound, rate, "FLOAT")
    return Canonical(path, Hz(rate), sound.shape[1], Frames(len(sound)))


def samples(path: Path) -> Sound:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def total(parts: dict[str, Sound]) -> Sound:
    return np.asarray(np.sum(list(parts.values()), axis=0), np.float32)


def downloads(folder: Path, parts: dict[str, Sound], rate: int = RATE, suffix: str = "wav") -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    files = {name: folder / f"{name}.{suffix}" for name in parts}
    for name, path in files.items():
        soundfile.write(path, parts[name], rate, None if suffix == "mp3" else "PCM_24")
    return files


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    (tmp_path / "stems").mkdir()
    return tmp_path / "stems"


def test_what_fits_already_comes_back_sample_for_sample(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    fitted = fit(mix, downloads(tmp_path / "d", parts), FOUR, stems)
    assert (fitted.notes, fitted.alignment.lag) == ((), 0)
    for name, sound in parts.items():
        np.testing.assert_array_equal(samples(fitted.stems[name]), sound)
    assert sorted(path.name for path in stems.iterdir()) == sorted(f"{name}.wav" for name in parts)


@pytest.mark.parametrize("lag", [1105, -700])
def test_a_lossy_services_padding_is_taken_out_and_said(
    parts: dict[str, Sound], tmp_path: Path, stems: Path, lag: int
) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    moved = {
        name: np.concatenate([np.zeros((lag, 2), np.float32), sound, np.full((1152, 2), 0.5, np.float32)])
        if lag > 0
        else sound[-lag:]
        for name, sound in parts.items()
    }
    fitted = fit(mix, downloads(tmp_path / "d", moved), FOUR, stems)
    assert fitted.alignment.lag == lag
    assert str(abs(lag)) in fitted.notes[0]
    for name, sound in parts.items():
        made = samples(fitted.stems[name])
        assert len(made) == mix.frames
        np.testing.assert_array_equal(made[max(0, -lag) :], sound[max(0, -lag) :])


def test_a_real_mp3_comes_back_in_its_place(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    # Without the highs, which MP3 throws away first.
    window = np.hanning(64) / 8
    dull = {name: np.stack([np.convolve(side, window, "same") for side in part.T], 1) for name, part in parts.items()}
    mix = canonical(tmp_path / "mix.wav", total({name: on_steps(part, 24) for name, part in dull.items()}))
    fitted = fit(
        mix, downloads(tmp_path / "d", {n: on_steps(p, 24) for n, p in dull.items()}, suffix="mp3"), FOUR, stems
    )
    assert fitted.alignment.null_after_db is not None
    assert fitted.alignment.null_after_db < -15
    assert {soundfile.info(path).frames for path in fitted.stems.values()} == {mix.frames}


@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 1), (22050, 1)])
def test_another_rate_or_width_becomes_the_mixs(
    parts: dict[str, Sound], tmp_path: Path, stems: Path, rate: int, channels: int
) -> None:
    now = np.arange(3 * rate) / rate
    tone = np.repeat(0.3 * np.sin(2 * np.pi * 440 * now)[:, None], channels, axis=1).astype(np.float32)
    now = np.arange(3 * RATE) / RATE
    expected = np.repeat(0.3 * np.sin(2 * np.pi * 440 * now)[:, None], 2, axis=1).astype(np.float32)
    mix = canonical(tmp_path / "mix.wav", expected)
    fitted = fit(mix, downloads(tmp_path / "d", {"drums": tone, "bass": tone * 0.0}, rate), FOUR, stems)
    made = samples(fitted.stems["drums"])
    assert made.shape == expected.shape
    np.testing.assert_allclose(made[500:-500], expected[500:-500], atol=2e-3)


def test_a_single_stem_brings_its_complement_for_nothing(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    # The documented example answers model 350 with an "other" that the model does not name: it is the complement.
    whole = total(parts)
    mix = canonical(tmp_path / "mix.wav", whole)
    files = downloads(tmp_path / "d", {"vocals": parts["vocals"], "other": parts["drums"]})
    fitted = fit(mix, files, VOCALS, stems)
    assert list(fitted.stems) == ["vocals", "no_vocals"]
    np.testing.assert_array_equal(samples(fitted.stems["no_vocals"]), whole - parts["vocals"])


def test_stems_that_nobody_documented_are_taken_too(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    fitted = fit(mix, downloads(tmp_path / "d", {"kazoo": parts["vocals"], "other": parts["bass"]}), VOCALS, stems)
    assert set(fitted.stems) == {"kazoo", "other"}


def test_a_tail_that_was_not_sent_comes_back_as_silence(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    sent = Frames(3 * RATE)
    whole = total(parts)
    whole[sent:] = 0
    mix = canonical(tmp_path / "mix.wav", whole)
    files = downloads(tmp_path / "d", {name: sound[:sent] for name, sound in parts.items()})
    fitted = fit(mix, files, FOUR, stems, sent=sent)
    for name, sound in parts.items():
        made = samples(fitted.stems[name])
        np.testing.assert_array_equal(made[:sent], sound[:sent])
        assert len(made) == mix.frames
        assert not made[sent:].any()


@pytest.mark.parametrize("seconds", [1.5, 6.0])
def test_stems_of_another_length_are_another_songs(
    parts: dict[str, Sound], tmp_path: Path, stems: Path, seconds: float
) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    wrong = np.resize(parts["bass"], (int(seconds * RATE), 2))
    with pytest.raises(EngineFailed) as raised:
        fit(mix, downloads(tmp_path / "d", {"bass": wrong}), FOUR, stems)
    assert raised.value.code == "engine.length"


def test_a_page_instead_of_a_stem_is_the_services_fault(parts: dict[str, Sound], tmp_path: Path, stems: Path) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    (tmp_path / "vocals.wav").write_text("<html>expired</html>")
    with pytest.raises(EngineFailed, match="service's vocals"):
        fit(mix, {"vocals": tmp_path / "vocals.wav"}, VOCALS, stems)


@pytest.mark.parametrize(("bits", "kind"), [(16, "PCM_16"), (24, "PCM_24")])
def test_what_has_whole_steps_goes_as_flac_and_loses_nothing(
    parts: dict[str, Sound], tmp_path: Path, bits: int, kind: str
) -> None:
    sound = total(parts) if bits == 16 else on_steps(total(parts) * 0.77, 24)
    sound[:2] = [[-1.0, 1 - 2.0 ** (1 - bits)], [0.0, -0.0]]
    upload = upload_form(canonical(tmp_path / "mix.wav", sound), tmp_path)
    assert (upload.name, soundfile.info(upload.path).subtype) == ("mix.flac", kind)
    np.testing.assert_array_equal(soundfile.read(upload.path, dtype="float32")[0], sound)
    assert upload.path.stat().st_size < sound.nbytes


@pytest.mark.parametrize("spoil", [1.0, 1.5, -1.0000001, 2.0**-25, 0.1])
def test_one_sample_that_flac_cannot_hold_keeps_the_mix_in_float(
    parts: dict[str, Sound], tmp_path: Path, spoil: float
) -> None:
    sound = total(parts)
    sound[-1, 1] = spoil
    mix = canonical(tmp_path / "mix.wav", sound)
    upload = upload_form(mix, tmp_path)
    assert (upload.path, upload.name, upload.frames) == (mix.path, "mix.wav", mix.frames)


def test_more_channels_than_flac_has_stay_wav(tmp_path: Path) -> None:
    mix = canonical(tmp_path / "mix.wav", np.zeros((100, 10), np.float32))
    assert upload_form(mix, tmp_path).name == "mix.wav"


def test_flac_may_be_switched_off(parts: dict[str, Sound], tmp_path: Path) -> None:
    mix = canonical(tmp_path / "mix.wav", total(parts))
    assert upload_form(mix, tmp_path, flac=False).path == mix.path


@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_only_what_was_asked_for_is_sent(parts: dict[str, Sound], tmp_path: Path, gain: float) -> None:
    sound = total(parts) * np.float32(gain)
    mix = canonical(tmp_path / "mix.wav", sound)
    upload = upload_form(mix, tmp_path, frames=Frames(100_001))
    assert upload.frames == 100_001
    np.testing.assert_array_equal(soundfile.read(upload.path, dtype="float32")[0], sound[:100_001])


@pytest.mark.parametrize("at", [0, 1, 8192, 99_999])
def test_the_end_of_the_sound_is_found_to_the_frame(tmp_path: Path, at: int) -> None:
    sound = np.full((100_000, 2), 1e-5, np.float32)
    assert sounding_frames(canonical(tmp_path / "quiet.wav", sound)) == 0
    sound[at, 1] = -1e-3
    assert sounding_frames(canonical(tmp_path / "mix.wav", sound)) == at + 1


def test_the_part_that_waits_for_others_never_loads_what_works_on_samples() -> None:
    code = (
        "import sys, json, bridge.separation.api.engine, bridge.separation.api.guard; print(json.dumps([*sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "soundfile", "soxr"} & set(json.loads(done.stdout))
