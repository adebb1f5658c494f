"""Following the pitch of one part through a mix, and the comb of its partials.

A pitch is as likely as the sound at its partials is loud and the sound half-way between them is not (harmonic
summation with a penalty between, as in SWIPE; Camacho and Harris 2008). Among the pitches of each frame the one wins
that lies on the best short path through its neighbours: dynamic programming as in Viterbi's algorithm, but over so
few steps that what is far away cannot change it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.separation.preview.masks import Real


@dataclass(frozen=True, slots=True)
class Tracker:
    """How to follow one part."""

    low_hz: float
    high_hz: float
    per_octave: int
    """Pitches tried in an octave."""
    partials: int
    fall: float
    """What each further partial counts, relative to the one before."""
    penalty: float
    """What the sound between two partials counts, relative to the partial."""
    steps: int
    """Frames of the path before and after."""
    glide: int
    """How many pitches the path may move from one frame to the next."""

    @property
    def pitches(self) -> Real:
        """The pitches tried, in Hz."""
        count = int(self.per_octave * np.log2(self.high_hz / self.low_hz))
        pitches: Real = self.low_hz * 2 ** (np.arange(count) / self.per_octave)
        return pitches

    def follow(self, strength: Real, bin_hz: float) -> Real:
        """Return the pitch in Hz of every frame, (frames,), from the strength of every bin (frames, bins)."""
        likely = self._likely(strength, bin_hz)
        before, after = likely, likely
        for _ in range(self.steps):
            before = likely + _shifted(self._best_neighbour(before), 1)
            after = likely + _shifted(self._best_neighbour(after), -1)
        best: Real = self.pitches[np.argmax(before + after - likely, axis=1)].astype(np.float32)
        return best

    def _likely(self, strength: Real, bin_hz: float) -> Real:
        # Beyond the last bin there is nothing: the lookup finds zeros there.
        heard = np.pad(strength, ((0, 0), (0, 2)))
        likely = np.zeros((len(strength), len(self.pitches)), np.float32)
        for partial in range(1, self.partials + 1):
            share = self.fall ** (partial - 1)
            likely += np.float32(share) * _between_bins(heard, self.pitches * (partial / bin_hz))
            likely -= np.float32(share * self.penalty) * _between_bins(heard, self.pitches * ((partial - 0.5) / bin_hz))
        return likely

    def _best_neighbour(self, likely: Real) -> Real:
        padded = np.pad(likely, ((0, 0), (self.glide, self.glide)), mode="edge")
        count = likely.shape[1]
        best = padded[:, :count]
        for shift in range(1, 2 * self.glide + 1):
            best = np.maximum(best, padded[:, shift : shift + count])
        return best


def comb(pitch: Real, hz: Real, width_hz: float, spread: float) -> Real:
    """Return 1 on the partials of each frame's pitch, falling to 0 between them: (frames, bins).

    A partial is `width_hz` wide and `spread` times its frequency wider, since a gliding pitch smears high partials.
    """
    pitch = pitch[:, None]
    partial = np.maximum(np.round(hz / pitch), 1)
    off = (hz - partial * pitch) / (np.float32(width_hz) + np.float32(spread) * hz)
    teeth: Real = np.exp(-off * off)
    return teeth


def _between_bins(strength: Real, bins: Real) -> Real:
    at = np.clip(bins, 0, strength.shape[1] - 2)
    whole = at.astype(np.intp)
    part = (at - whole).astype(np.float32)
    return strength[:, whole] * (1 - part) + strength[:, whole + 1] * part


def _shifted(rows: Real, by: int) -> Real:
    """Move all rows down by one (1) or up by one (-1); a row of zeros comes in."""
    moved = np.zeros_like(rows)
    if by > 0:
        moved[1:] = rows[:-1]
    else:
        moved[:-1] = rows[1:]
    return moved
