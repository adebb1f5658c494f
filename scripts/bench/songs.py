"""Synthesised multitrack songs: soundfont instruments, a drum kit and a singer, mixed as a producer would.

Needs the programs fluidsynth and espeak-ng, and the soundfonts of the Debian packages fluid-soundfont-gm (tuning),
timgm6mb-soundfont and musescore-general-soundfont (held out).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from scripts.bench import midi
from scripts.bench.score import Composer
from scripts.bench.singer import Samples, Voice, sing

RATE = 44100
STEMS = ("bass", "drums", "vocals", "other")

FLUID = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
TIM = "/usr/share/sounds/sf2/TimGM6mb.sf2"
MUSESCORE = "/usr/share/sounds/sf3/default-GM.sf3"

_RECIPE = 2
"""Raise it when the same seed gives another song: a kept song of an older recipe is made again."""

Multitrack = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Song:
    """What makes one song."""

    seed: int
    soundfont: str
    voice: Voice
    centred: bool = False
    """Everything in the middle, and the mix in mono (both channels alike)."""


_TUNING_VOICES = (
    Voice("en-us+f2", 57, 5.6, 50),
    Voice("en-us+m3", 45, 5.2, 40),
    Voice("en-gb+f4", 55, 6.1, 60),
    Voice("en-us+m7", 48, 4.9, 25),
)
_HELD_OUT_VOICES = (
    Voice("en-gb-scotland+m1", 47, 5.4, 45),
    Voice("en-us+f5", 56, 5.0, 30),
    Voice("en-gb+m5", 44, 5.9, 35),
    Voice("en-us+f3", 58, 5.3, 55),
)

TUNING = tuple(Song(100 + i, FLUID, _TUNING_VOICES[i % 4]) for i in range(8))
HELD_OUT = tuple(Song(900 + i, (TIM, MUSESCORE)[i % 2], _HELD_OUT_VOICES[i // 2 % 4]) for i in range(12))


def centred(songs: tuple[Song, ...]) -> tuple[Song, ...]:
    """Return the same songs with everything in the middle."""
    return tuple(dataclasses.replace(song, centred=True) for song in songs)


def multitrack(song: Song, cache: Path) -> Multitrack:
    """Return the song's stems, each (frames, 2) float32 at `RATE`; made once, then kept in the folder `cache`."""
    name = hashlib.sha256(json.dumps([_RECIPE, dataclasses.asdict(song)]).encode()).hexdigest()[:16]
    folder = cache / name
    if not (folder / "other.wav").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for stem, samples in _produce(song).items():
            soundfile.write(folder / f"{stem}.wav", samples, RATE, "FLOAT")
    return {stem: soundfile.read(folder / f"{stem}.wav", dtype="float32")[0] for stem in STEMS}


def _produce(song: Song) -> Multitrack:
    random = np.random.default_rng(song.seed + 10_000)
    score = Composer(song.seed).score(song.voice.low)
    seconds = score.beats * 60 / score.bpm + 1.0
    wet = bool(random.random() < 0.5)
    parts = {"bass": score.bass, "drums": score.drums, "other": score.other}
    stems = {stem: _play(song.soundfont, played, score.bpm, seconds, wet) for stem, played in parts.items()}
    sung = sing(list(score.melody), song.voice, seconds, RATE, random)
    stems["vocals"] = _room(sung, random.uniform(0.05, 0.35), random)
    mixed = {}
    for stem in STEMS:
        level = {"bass": -2.5, "drums": -1.0, "vocals": 0.0, "other": -1.0}[stem] + random.normal(0, 1.5)
        samples = stems[stem] * 10 ** (level / 20) / (np.sqrt(np.mean(stems[stem] ** 2)) + 1e-9)
        mixed[stem] = samples.mean(axis=1, keepdims=True).repeat(2, axis=1) if song.centred else samples
    peak = np.abs(np.sum(list(mixed.values()), axis=0)).max()
    return {stem: (0.8 * samples / peak).astype(np.float32) for stem, samples in mixed.items()}


def _play(soundfont: str, parts: tuple[midi.Part, ...], bpm: float, seconds: float, wet: bool) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "part.mid"), Path(folder, "part.wav")
        midi.write(score, parts, bpm, seconds * bpm / 60)
        effects = ["-R", "1" if wet else "0", "-C", "0", "-g", "0.4"]
        command = ["fluidsynth", "-ni", "-q", *effects, "-r", str(RATE), "-O", "float", "-T", "wav"]
        subprocess.run([*command, "-F", str(sound), soundfont, str(score)], check=True, capture_output=True)
        samples, _ = soundfile.read(sound, always_2d=True)
    out = np.zeros((round(seconds * RATE), 2))
    out[: len(samples)] = samples[: len(out)]
    return out


def _room(dry: Samples, amount: float, random: np.random.Generator) -> Samples:
    """Put a voice in the middle of a room: noise that dies away, other on the left than on the right."""
    length = RATE
    decay = 10 ** (-3 * np.arange(length) / RATE / 0.8)
    size = 1 << int(np.ceil(np.log2(len(dry) + length)))
    sides = []
    for _ in range(2):
        echo = random.normal(size=length) * decay
        echo[: RATE // 100] = 0
        echo /= np.sqrt(np.sum(echo**2))
        wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(echo, size), size)[: len(dry)]
        sides.append(dry + amount * wet)
    return np.stack(sides, axis=1)
