"""A short song for `stembridge up --demo`, synthesised here, and saved the way a DAW saves a bounce."""

from __future__ import annotations

import secrets
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
BARS = 4
NAME = "Stembridge demo.wav"

Signal = NDArray[np.float64]


def save_demo_song(inbox: Path, stop: threading.Event) -> None:
    """Write a new song into the inbox over a second or two: header first, sizes when it is finished."""
    audio = demo_song(secrets.randbelow(2**32))
    samples = np.clip(np.rint(audio.T * 32767), -32768, 32767).astype("<i2").tobytes()
    with (inbox / NAME).open("wb") as file:
        file.write(_wav_header(0))
        for start in range(0, len(samples), 100_000):
            file.write(samples[start : start + 100_000])
            file.flush()
            if stop.wait(0.08):
                return
        file.seek(0)
        file.write(_wav_header(len(samples)))


def demo_song(seed: int) -> Signal:
    """Return a song of four bars, shape (2, frames) in -1 .. 1; the seed chooses its key, tempo and chords."""
    dice = np.random.default_rng(seed)
    beat_s = 60.0 / dice.uniform(92, 124)
    root = 110.0 * 2 ** (dice.integers(-5, 4) / 12)
    chords = dice.permutation([0, 5, 7, 9])[:BARS]
    frames = int(BARS * 4 * beat_s * RATE)
    mix = np.zeros((2, frames))
    for at, sound, pan in _events(dice, beat_s, root, chords):
        start = int(at * RATE)
        end = min(frames, start + len(sound))
        left, right = np.cos(pan * np.pi / 2), np.sin(pan * np.pi / 2)
        mix[0, start:end] += left * sound[: end - start]
        mix[1, start:end] += right * sound[: end - start]
    return np.asarray(mix * (0.8 / np.abs(mix).max()))


def _events(
    dice: np.random.Generator, beat_s: float, root: float, chords: NDArray[np.int64]
) -> Iterator[tuple[float, Signal, float]]:
    """Yield every sound with its time in seconds and its place from 0 (left) to 1 (right)."""
    scale = np.array([0, 2, 4, 7, 9])
    for bar, degree in enumerate(chords):
        base = root * 2 ** (degree / 12)
        start = bar * 4 * beat_s
        for third, pan in ((0, 0.15), (4, 0.85), (7, 0.3), (12, 0.7)):
            yield start, 0.12 * _tone(2 * base * 2 ** (third / 12), 4 * beat_s, harmonics=6, attack_s=0.2), pan
        for beat in range(4):
            at = start + beat * beat_s
            yield at, 0.7 * (_kick() if beat % 2 == 0 else _noise(dice, 0.18, 0.05)), 0.5
            yield at + beat_s / 2, 0.15 * _noise(dice, 0.05, 0.012), 0.6
            yield at, 0.4 * _tone(base / 2, 0.9 * beat_s, harmonics=3, attack_s=0.01), 0.5
            pitch = 4 * base * 2 ** (dice.choice(scale) / 12)
            yield at, 0.35 * _tone(pitch, 0.95 * beat_s, harmonics=8, attack_s=0.06, vibrato=0.012), 0.5


def _tone(pitch: float, seconds: float, *, harmonics: int, attack_s: float, vibrato: float = 0.0) -> Signal:
    time = np.arange(int(seconds * RATE)) / RATE
    swing = vibrato * pitch / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * time)
    phase = 2 * np.pi * (pitch * time + swing * 2 * np.pi)
    wave = sum((np.sin(n * phase) / n for n in range(1, harmonics + 1)), np.zeros_like(time))
    return np.asarray(wave * np.minimum(1, time / attack_s) * np.minimum(1, (seconds - time) / 0.05))


def _kick() -> Signal:
    time = np.arange(int(0.3 * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * (50 * time - 8 * np.exp(-time * 30))) * np.exp(-time * 12))


def _noise(dice: np.random.Generator, seconds: float, decay_s: float) -> Signal:
    time = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(dice.standard_normal(len(time)) * np.exp(-time / decay_s) * 0.5)


def _wav_header(data_bytes: int) -> bytes:
    """Return the header of a 16-bit stereo WAV; zero bytes mean, as with a DAW, that it is still being written."""
    form = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
    riff_bytes = 36 + data_bytes if data_bytes else 0
    return b"RIFF%bWAVEfmt %b%bdata%b" % (
        struct.pack("<I", riff_bytes),
        struct.pack("<I", 16),
        form,
        struct.pack("<I", data_bytes),
    )
