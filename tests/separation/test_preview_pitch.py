"""Following a pitch."""

from __future__ import annotations

import numpy as np

from bridge.separation.preview import bass, voice
from bridge.separation.preview.masks import Real
from bridge.separation.preview.pitch import Tracker, comb
from bridge.separation.preview.stft import analyse

RATE = 44100


def _heard(pitch: Real, size: int) -> Real:
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = sum(np.sin(n * phase) / n for n in range(1, 12))
    return np.sqrt(np.abs(analyse(np.asarray(tone, np.float32), size)))


def _cents(found: Real, true: Real) -> Real:
    off: Real = 1200 * np.log2(found / true)
    return off


def test_a_low_bass_note_is_found() -> None:
    for pitch in (41.2, 55.0, 98.0, 196.0):
        found = bass.TRACKER.follow(_heard(np.full(RATE, pitch), 8192), RATE / 8192)
        assert np.abs(_cents(found, np.full(len(found), pitch))).max() < 30


def test_a_gliding_voice_is_followed() -> None:
    pitch = 200 * 2 ** np.linspace(0, 1, 2 * RATE)
    found = voice.TRACKER.follow(_heard(pitch, 4096), RATE / 4096)
    middles = 2048 + 1024 * np.arange(len(found))
    assert np.abs(_cents(found, pitch[middles])).max() < 40


def test_what_is_far_away_does_not_change_the_path() -> None:
    tracker = Tracker(100, 400, per_octave=24, partials=5, fall=0.9, penalty=0.5, steps=4, glide=2)
    strength = np.random.default_rng(3).random((60, 300)).astype(np.float32)
    other = strength.copy()
    other[40:] = 0
    np.testing.assert_array_equal(tracker.follow(strength, 10.0)[:36], tracker.follow(other, 10.0)[:36])


def test_a_comb_stands_on_the_partials_and_falls_between_them() -> None:
    hz = np.arange(0, 2000, 10, dtype=np.float32)
    teeth = comb(np.array([200.0], np.float32), hz, 20.0, 0.0)[0]
    np.testing.assert_allclose(teeth[[20, 40, 180]], 1)
    assert teeth[[0, 10, 30, 50]].max() < 1e-6
