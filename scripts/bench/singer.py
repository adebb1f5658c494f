"""A synthesised singer: words spoken by espeak-ng, laid on a melody.

The words are cut into grains of two pitch periods, which are set down again at the periods the melody asks for
(TD-PSOLA; Moulines and Charpentier 1990): so the vowels keep their colour while the pitch glides and trembles.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float64]

_WORDS = (
    *("love", "night", "away", "home", "shine", "fire", "low", "rain", "stay", "tomorrow", "river", "alone", "baby"),
    *("heaven", "dream", "tonight", "follow", "over", "higher", "falling", "never", "mine", "golden", "summer"),
    *("moving", "believe", "wonder", "hold", "you", "me", "say", "goodbye", "yellow", "morning"),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """A singer."""

    espeak: str
    """A voice of espeak-ng, such as "en-us+f2"."""
    low: int
    """The lowest MIDI pitch sung; the melody spans an octave and a half above it."""
    vibrato_hz: float
    vibrato_cents: float


@dataclass(frozen=True, slots=True)
class Sung:
    """One note of the melody; times in seconds, pitch as in MIDI."""

    start: float
    length: float
    pitch: float


def sing(notes: list[Sung], voice: Voice, seconds: float, rate: int, random: np.random.Generator) -> Samples:
    """Return the melody sung, (samples,)."""
    song = np.zeros(round(seconds * rate) + rate)
    before = notes[0].pitch if notes else 0.0
    for note in notes:
        word = _spoken(str(random.choice(_WORDS)), voice, rate)
        sung = _on_pitch(word, note, before, voice, rate, random)
        at = round(note.start * rate)
        room = song[at : at + len(sung)]
        room += sung[: len(room)]
        before = note.pitch
    return song[: round(seconds * rate)]


_words: dict[tuple[str, str, int], tuple[Samples, Samples]] = {}


def _spoken(word: str, voice: Voice, rate: int) -> tuple[Samples, Samples]:
    """Return a word's samples and its pitch marks (sample positions)."""
    key = (word, voice.espeak, rate)
    if key not in _words:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "word.wav")
            text = f'<speak><prosody range="0%">{word}</prosody></speak>'
            subprocess.run(["espeak-ng", "-m", "-v", voice.espeak, "-s", "110", "-w", path, text], check=True)
            samples, own = soundfile.read(path)
        loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
        samples = soxr.resample(samples[loud[0] : loud[-1] + 1], own, rate)
        _words[key] = samples / (np.sqrt(np.mean(samples**2)) + 1e-9), _marks(samples, rate)
    return _words[key]


def _marks(samples: Samples, rate: int) -> Samples:
    """Walk through the word from one glottal pulse to the next, by the best match of neighbouring periods."""
    shortest, longest = rate // 400, rate // 70
    marks = [float(np.argmax(np.abs(samples[:longest])))]
    while marks[-1] + 3 * longest < len(samples):
        at = int(marks[-1])
        here = samples[at : at + longest]
        scores = [
            float(here @ samples[at + lag : at + lag + longest])
            / (float(np.linalg.norm(samples[at + lag : at + lag + longest])) + 1e-6)
            for lag in range(shortest, longest, 2)
        ]
        best = np.array(scores)
        # The first lag nearly as good as the best one: the period, not a multiple of it.
        lag = shortest + 2 * int(np.flatnonzero(best >= 0.9 * best.max())[0]) if best.max() > 0 else shortest
        while lag + 2 < longest and (lag - shortest) // 2 + 1 < len(best):
            index = (lag - shortest) // 2
            if best[index + 1] <= best[index]:
                break
            lag += 2
        marks.append(marks[-1] + lag)
    return np.array(marks)


def _on_pitch(
    word: tuple[Samples, Samples], note: Sung, before: float, voice: Voice, rate: int, random: np.random.Generator
) -> Samples:
    samples, marks = word
    out = np.zeros(round((note.length + 0.3) * rate))
    depth = voice.vibrato_cents / 100 * random.uniform(0.6, 1.2)
    speed, phase = voice.vibrato_hz * random.uniform(0.9, 1.1), random.uniform(0, 2 * np.pi)
    drift = random.normal(0, 0.15)
    spoken = len(samples) / rate
    attack = min(0.12, spoken / 4, note.length / 3)
    at = 0.0
    while at < note.length:
        glide = (before - note.pitch) * float(np.exp(-at / 0.04)) if abs(before - note.pitch) < 8 else 0.0
        tremble = depth * min(1.0, at / 0.35) * np.sin(2 * np.pi * speed * at + phase)
        pitch = note.pitch + glide + tremble + drift * np.sin(3 * at)
        period = rate / (440 * 2 ** ((pitch - 69) / 12)) * (1 + random.normal(0, 0.003))
        # Consonants at their own speed, the vowel as long as the note wants it.
        within = at if at < attack else attack + (at - attack) / (note.length - attack) * (spoken - attack - 0.02)
        index = int(np.argmin(np.abs(marks - within * rate)))
        size = marks[index + 1] - marks[index] if index + 1 < len(marks) else period
        _set_grain(out, at * rate, samples, marks[index], int(min(size, 1.5 * period)))
        at += period / rate
    now = np.arange(len(out)) / rate
    return out * np.clip(now / 0.01, 0, 1) * np.clip((note.length - now) / 0.06, 0, 1)


def _set_grain(out: Samples, at: float, samples: Samples, mark: float, half: int) -> None:
    first, place = int(mark) - half, round(at) - half
    grain = samples[max(first, 0) : int(mark) + half]
    window = np.hanning(2 * half + 1)[: 2 * half][max(-first, 0) :][: len(grain)]
    place += max(-first, 0)
    if place < 0:
        grain, window, place = grain[-place:], window[-place:], 0
    room = out[place : place + len(grain)]
    room += (grain * window)[: len(room)]
