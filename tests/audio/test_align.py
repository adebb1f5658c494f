from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.audio.align import LARGEST_LAG, WINDOW, find_lag, shifted
from bridge.audio.canonical import CanonicalWriter
from bridge.audio.mix import Canonical
from bridge.units import Frames, Hz

Sound = NDArray[np.float32]
RATE = Hz(44100)


def stored(path: Path, sound: Sound) -> Canonical:
    with CanonicalWriter(path, RATE, sound.shape[1]) as writer:
        writer.write(sound)
    return Canonical(path, RATE, sound.shape[1], Frames(len(sound)))


def delayed(sound: Sound, lag: int) -> Sound:
    """Return the sound `lag` frames later, or earlier where negative, with silence moved in or frames cut off."""
    if lag < 0:
        return sound[-lag:]
    return np.concatenate([np.zeros((lag, sound.shape[1]), np.float32), sound])


@pytest.fixture(scope="module")
def song() -> dict[str, Sound]:
    """Return ten seconds of three parts, of noise with different colours and rhythms: each (frames, 2)."""
    random = np.random.default_rng(7)
    now = np.arange(10 * RATE) / RATE
    noise = random.normal(size=(3, len(now), 2))
    drums = noise[0] * np.exp(-(now % 0.5) * 20)[:, None]
    bass = np.cumsum(noise[1], axis=0)
    bass = (bass - np.convolve(bass[:, 0], np.ones(2000) / 2000, "same")[:, None]) / 20
    voice = noise[2] * (np.sin(2 * np.pi * 0.2 * now) > 0)[:, None]
    return {
        name: (0.05 * part).astype(np.float32) for name, part in (("drums", drums), ("bass", bass), ("vocals", voice))
    }


@pytest.mark.parametrize("lag", [0, 1, -1, 1105, 1024, -2048, 2257, LARGEST_LAG])
def test_the_lag_of_a_separation_is_found_to_the_frame(song: dict[str, Sound], tmp_path: Path, lag: int) -> None:
    mix = stored(tmp_path / "mix.wav", sum(song.values(), np.zeros_like(song["bass"])))
    # What a service gives: not quite the parts, each with a little of the others.
    leaky = {name: 0.9 * part + 0.03 * song["bass"] for name, part in song.items()}
    stems = [stored(tmp_path / f"{name}.wav", delayed(part.astype(np.float32), lag)) for name, part in leaky.items()]
    found = find_lag(mix, stems)
    assert (found.lag, found.drift) == (lag, 0)
    assert found.null_after_db is not None
    assert found.null_after_db < -10


def test_a_single_stem_is_aligned_where_it_holds_enough_of_the_mix(song: dict[str, Sound], tmp_path: Path) -> None:
    mix = stored(tmp_path / "mix.wav", sum(song.values(), np.zeros_like(song["bass"])))
    stem = stored(tmp_path / "vocals.wav", delayed(song["vocals"], 1105))
    assert find_lag(mix, [stem]).lag in (0, 1105)


def test_stems_of_another_song_are_left_where_they_are(song: dict[str, Sound], tmp_path: Path) -> None:
    mix = stored(tmp_path / "mix.wav", song["drums"])
    other = np.random.default_rng(1).normal(size=song["drums"].shape).astype(np.float32)
    assert find_lag(mix, [stored(tmp_path / "stem.wav", other * 0.05)]).lag == 0


@pytest.mark.parametrize("frames", [1, 100, 44100, WINDOW, WINDOW + 1])
def test_short_and_silent_songs_are_no_trouble(tmp_path: Path, frames: int) -> None:
    for level in (0.0, 0.1):
        sound = np.full((frames, 1), level, np.float32)
        mix = stored(tmp_path / "mix.wav", sound)
        assert find_lag(mix, [stored(tmp_path / "stem.wav", sound)]).lag == 0


def test_a_drift_is_measured(song: dict[str, Sound], tmp_path: Path) -> None:
    whole = sum(song.values(), np.zeros_like(song["bass"]))
    half = len(whole) // 2
    # A frame is lost every so often: what two clocks that differ do, in steps.
    lossy = np.concatenate([whole[:half], whole[half + 40 :]])
    found = find_lag(stored(tmp_path / "mix.wav", whole), [stored(tmp_path / "stem.wav", lossy)])
    assert found.drift == -40


@settings(max_examples=30)
@given(
    length=st.integers(0, 20_000),
    lag=st.integers(-20_000, 20_000),
    frames=st.integers(0, 30_000),
)
def test_shifting_takes_out_the_lag_and_gives_exactly_the_frames_asked_for(
    tmp_path_factory: pytest.TempPathFactory, length: int, lag: int, frames: int
) -> None:
    sound = np.arange(1, length + 1, dtype=np.float32)[:, None]
    stem = stored(tmp_path_factory.mktemp("shift") / "stem.wav", sound)
    made = [np.zeros((0, 1), np.float32), *shifted(stem, lag, Frames(frames))]
    expected = np.zeros((frames, 1), np.float32)
    for at in range(max(0, -lag), min(frames, length - lag)) if length else ():
        expected[at] = sound[at + lag]
    np.testing.assert_array_equal(np.concatenate(made), expected)
