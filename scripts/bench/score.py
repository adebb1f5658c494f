"""Scores of made-up songs: a chord sequence, a rhythm section, accompaniment and a melody, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from scripts.bench.midi import DRUM_CHANNEL, Note, Part
from scripts.bench.singer import Sung

_Choice = TypeVar("_Choice")

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
_SEQUENCES = ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 0, 4), (1, 4, 0, 0), (0, 6, 3, 0))
_KICKS = ((0, 2), (0, 1.5, 2), (0, 0.75, 2.5), (0, 1, 2, 3), (0, 2.5), (0, 2, 3.5))
_KITS = (0, 0, 8, 16, 24, 25, 32)
_BASSES = (32, 33, 33, 34, 35, 36, 38, 39)
_CHORDS = (0, 1, 2, 4, 5, 7, 16, 18, 24, 25, 26, 27, 28, 29, 30)
_PADS = (48, 49, 50, 51, 52, 61, 62, 89, 90, 91)
_FIGURES = (11, 24, 25, 40, 46, 56, 65, 68, 73, 80, 81, 104)
KICK, SNARE, RIM, CLAP, HAT, OPEN_HAT, CRASH, RIDE = 36, 38, 37, 39, 42, 46, 49, 51
_TOMS = (50, 47, 45, 41)


@dataclass(frozen=True, slots=True)
class Score:
    """A song before anybody plays it."""

    bpm: float
    beats: float
    drums: tuple[Part, ...]
    bass: tuple[Part, ...]
    other: tuple[Part, ...]
    melody: tuple[Sung, ...]


class Composer:
    """Draws a score. All choices come from one generator, so that a seed is a song."""

    def __init__(self, seed: int, bars: int = 8) -> None:
        self._random = np.random.default_rng(seed)
        self._bars = bars
        self._scale = _SCALES[int(self._random.integers(len(_SCALES)))]
        self._key = int(self._random.integers(12))
        self._sequence = self._one_of(_SEQUENCES)

    def score(self, lowest_sung: int) -> Score:
        """Return the song, its melody for a voice that begins at `lowest_sung`."""
        bpm = float(self._random.integers(76, 148))
        return Score(bpm, self._bars * 4.0, self._drums(), self._bass(), self._others(), self._melody(bpm, lowest_sung))

    def _one_of(self, choices: tuple[_Choice, ...]) -> _Choice:
        return choices[int(self._random.integers(len(choices)))]

    def _degree(self, bar: int, step: int = 0) -> int:
        """Return the pitch above the key note of a chord's `step`-th tone (0 root, 1 third, 2 fifth)."""
        degree = self._sequence[bar % len(self._sequence)] + 2 * step
        return self._scale[degree % 7] + 12 * (degree // 7)

    def _velocity(self, middle: int) -> int:
        return int(np.clip(self._random.normal(middle, 7), 20, 127))

    def _pan(self) -> int:
        return 64 + int(self._random.choice((-1, 1))) * self._one_of((0, 16, 32, 48))

    def _drums(self) -> tuple[Part, ...]:
        kicks, snare = self._one_of(_KICKS), self._one_of((SNARE, SNARE, SNARE, CLAP, RIM))
        step = self._one_of((0.5, 0.5, 0.25, 1.0))
        ticking = self._one_of((HAT, HAT, HAT, RIDE))
        notes = []
        for bar in range(self._bars):
            at = bar * 4.0
            notes += [Note(at + beat, 0.2, KICK, self._velocity(108)) for beat in kicks]
            notes += [Note(at + beat, 0.2, snare, self._velocity(104)) for beat in (1, 3)]
            for tick in np.arange(0, 4, step):
                opened = ticking == HAT and tick == 3.5 and bar % 2 == 1
                notes.append(Note(at + tick, 0.2, OPEN_HAT if opened else ticking, self._velocity(78)))
            if bar % 4 == 0:
                notes.append(Note(at, 0.2, CRASH, self._velocity(96)))
            if bar % 4 == 3:
                notes += [Note(at + 3 + i / 4, 0.2, tom, self._velocity(100)) for i, tom in enumerate(_TOMS)]
        return (Part(DRUM_CHANNEL, self._one_of(_KITS), 64, tuple(notes)),)

    def _bass(self) -> tuple[Part, ...]:
        low = 28 + (self._key - 4) % 12
        style = self._one_of(("eighths", "long", "walking", "syncopated"))
        notes = []
        for bar in range(self._bars):
            root = low + self._degree(bar) % 12
            tones = (root, root + 7, root + 12, root + 7)
            figures: dict[str, list[tuple[float, float, int]]] = {
                "eighths": [(i / 2, 0.45, root) for i in range(8)],
                "long": [(0, 2.9, root), (3, 0.9, root + 7)],
                "walking": [(float(i), 0.95, tone) for i, tone in enumerate(tones)],
                "syncopated": [(0, 0.7, root), (0.75, 0.7, root), (1.5, 0.9, root + 12), (2.5, 1.4, root)],
            }
            notes += [Note(bar * 4 + at, length, pitch, self._velocity(100)) for at, length, pitch in figures[style]]
        return (Part(0, self._one_of(_BASSES), 64, tuple(notes)),)

    def _others(self) -> tuple[Part, ...]:
        parts = [Part(1, self._one_of(_CHORDS), self._pan(), tuple(self._chords()))]
        if self._random.random() < 0.7:
            parts.append(Part(2, self._one_of(_PADS), self._pan(), tuple(self._pads())))
        if self._random.random() < 0.6:
            parts.append(Part(3, self._one_of(_FIGURES), self._pan(), tuple(self._figure())))
        return tuple(parts)

    def _chords(self) -> list[Note]:
        hits = self._one_of(((0, 2), (0, 1, 2, 3), (0, 1.5, 3), tuple(np.arange(0, 4, 0.5)), (1, 3)))
        notes = []
        for bar in range(self._bars):
            for index, at in enumerate(hits):
                until = hits[index + 1] if index + 1 < len(hits) else 4.0
                for tone in range(3):
                    pitch = 55 + (self._key + self._degree(bar, tone) - 55) % 12
                    notes.append(Note(bar * 4 + float(at), (until - at) * 0.9, pitch, self._velocity(80)))
        return notes

    def _pads(self) -> list[Note]:
        tones = [(bar, tone) for bar in range(self._bars) for tone in range(3)]
        return [
            Note(bar * 4.0, 3.95, 60 + (self._key + self._degree(bar, tone)) % 12, self._velocity(74))
            for bar, tone in tones
        ]

    def _figure(self) -> list[Note]:
        order = self._one_of(((0, 1, 2, 1), (2, 1, 0, 1), (0, 2, 1, 2)))
        notes = []
        for bar in range(self._bars):
            for index in range(8):
                pitch = 67 + (self._key + self._degree(bar, order[index % 4])) % 12
                notes.append(Note(bar * 4 + index / 2, 0.45, pitch, self._velocity(76)))
        return notes

    def _melody(self, bpm: float, lowest: int) -> tuple[Sung, ...]:
        beat = 60 / bpm
        reach = [lowest + step for step in range(19) if (lowest + step - self._key) % 12 in self._scale]
        place, notes = len(reach) // 2, []
        for bar in range(self._bars):
            rhythm = self._one_of(((0.5, 0.5, 1, 1, 1), (1, 1, 2), (1.5, 0.5, 1, 1), (0.5, 0.5, 0.5, 0.5, 2), (4,)))
            at = bar * 4.0
            for index, length in enumerate(rhythm):
                place = int(np.clip(place + self._random.integers(-2, 3), 0, len(reach) - 1))
                rests = index == len(rhythm) - 1 and self._random.random() < 0.5
                sung = length * (0.6 if rests else 0.97)
                notes.append(Sung(at * beat, sung * beat, reach[place]))
                at += length
        return tuple(notes)
