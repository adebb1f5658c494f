"""Mixes to separate, and a way to do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.separation.catalogue import model
from bridge.separation.preview.engine import PreviewEngine
from bridge.separation.run import run_engine
from bridge.separation.separator import SeparationRequest
from bridge.units import no_progress

Sound = NDArray[np.float32]
Separate = Callable[..., dict[str, Sound]]

RATE = 44100


@pytest.fixture(scope="session")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Separate:
    """Return a function from a mix (frames, channels) to its stems, through files as in a job."""

    def run(mix: Sound, rate: int = RATE, model_id: int = 501, engine: PreviewEngine | None = None) -> dict[str, Sound]:
        folder = tmp_path_factory.mktemp("job")
        stems = folder / "stems"
        stems.mkdir()
        soundfile.write(folder / "mix.wav", mix, rate, "FLOAT")
        request = SeparationRequest(folder / "mix.wav", model(model_id), stems)
        paths = run_engine(engine or PreviewEngine(), request, no_progress)
        assert sorted(stems.iterdir()) == sorted(paths.values()), "only the stems lie in the folder"
        return {name: _read(path, rate) for name, path in paths.items()}

    return run


def _read(path: Path, rate: int) -> Sound:
    with soundfile.SoundFile(path) as file:
        assert (file.samplerate, file.subtype) == (rate, "FLOAT")
        samples: Sound = file.read(dtype="float32", always_2d=True)
        return samples


@pytest.fixture(scope="session")
def band() -> dict[str, Sound]:
    """Return the stems of six seconds of a little song: each (frames, 2)."""
    random = np.random.default_rng(5)
    now = np.arange(6 * RATE) / RATE
    stems = {
        "bass": _both(_bass(now)),
        "drums": _both(_drums(now, random)),
        "vocals": _both(_voice(now)),
        "other": np.stack([_chord(now, (261.6, 392.0)), _chord(now, (329.6, 523.3))], axis=1),
    }
    return {name: (0.1 * stem / np.sqrt(np.mean(stem**2))).astype(np.float32) for name, stem in stems.items()}


def _both(mono: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([mono, mono], axis=1)


def _bass(now: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = np.array([55.0, 55.0, 73.4, 82.4])[(now // 0.75).astype(int) % 4]
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return _partials(phase, 6, 1.5) * np.exp(-(now % 0.75))


def _drums(now: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    noise, beat = random.normal(size=len(now)), now % 0.5
    snare = noise * np.exp(-beat * 30) * (now % 1 >= 0.5)
    hat = np.diff(noise, prepend=0) * np.exp(-(now % 0.25) * 60)
    kick = np.sin(2 * np.pi * (50 * beat + 4 * (1 - np.exp(-beat * 25)))) * np.exp(-beat * 20) * (now % 1 < 0.5)
    struck: NDArray[np.float64] = snare + 0.5 * hat + 2 * kick
    return struck


def _voice(now: NDArray[np.float64]) -> NDArray[np.float64]:
    note = np.array([0, 2, 4, 7, 5, 4])[(now // 1).astype(int) % 6]
    pitch = 220 * 2 ** ((note + 0.5 * np.sin(2 * np.pi * 5.5 * now)) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return _partials(phase, 14, 1) * (now % 1 < 0.85)


def _chord(now: NDArray[np.float64], notes: tuple[float, ...]) -> NDArray[np.float64]:
    chord: NDArray[np.float64] = np.sum([_partials(2 * np.pi * note * now, 7, 1.5) for note in notes], axis=0)
    return chord


def _partials(phase: NDArray[np.float64], count: int, fall: float) -> NDArray[np.float64]:
    tone: NDArray[np.float64] = np.sum([np.sin(n * phase) / n**fall for n in range(1, count + 1)], axis=0)
    return tone
