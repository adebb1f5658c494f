"""The complement of a single stem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import EngineFailed, StorageError
from bridge.separation.complement import write_complement

RATE = 44_100


def _noise(path: Path, frames: int = 30_000, seed: int = 0) -> Path:
    soundfile.write(path, np.random.default_rng(seed).normal(size=(frames, 2)).astype(np.float32), RATE, "FLOAT")
    return path


def test_the_stem_and_its_complement_sum_to_the_mix(tmp_path: Path) -> None:
    mix, stem = _noise(tmp_path / "mix.wav"), _noise(tmp_path / "vocals.wav", seed=1)
    write_complement(mix, stem, tmp_path / "no_vocals.wav")
    whole, taken, left = (soundfile.read(path)[0] for path in (mix, stem, tmp_path / "no_vocals.wav"))
    np.testing.assert_allclose(taken + left, whole, atol=1e-6)
    assert left.shape == whole.shape


def test_a_stem_of_another_length_is_refused(tmp_path: Path) -> None:
    mix, stem = _noise(tmp_path / "mix.wav"), _noise(tmp_path / "vocals.wav", frames=100)
    with pytest.raises(EngineFailed, match=r"vocals\.wav"):
        write_complement(mix, stem, tmp_path / "no_vocals.wav")


def test_a_stem_that_is_no_float_wav_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocals.wav").write_bytes(b"no audio")
    with pytest.raises(EngineFailed, match=r"vocals\.wav is not a float32 WAV"):
        write_complement(_noise(tmp_path / "mix.wav"), tmp_path / "vocals.wav", tmp_path / "no_vocals.wav")


def test_a_folder_that_is_gone_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        write_complement(_noise(tmp_path / "mix.wav"), _noise(tmp_path / "a.wav"), tmp_path / "gone" / "b.wav")
