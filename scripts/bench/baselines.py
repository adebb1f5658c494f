"""What the preview is held against: librosa's harmonic-percussive split, REPET-SIM and the oracle mask.

Each takes the mix (frames, 2) and returns an estimate of all four stems. The first two need librosa.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scripts.bench.songs import RATE, STEMS, Multitrack

Sound = NDArray[np.float32]
Spectra = NDArray[np.complex64]

WINDOW = 2048
HOP = 512
_TINY = 1e-12


def hpss(mix: Sound) -> Multitrack:
    """Split with `librosa.decompose.hpss` as it comes: percussive is drums, harmonic below 150 Hz is bass.

    What is harmonic above serves as vocals and as other alike: HPSS cannot tell them apart.
    """
    from librosa import decompose

    spectra = _spectra(mix)
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)
    sides: dict[str, list[Spectra]] = {stem: [] for stem in STEMS}
    for side in spectra:
        harmonic, percussive = decompose.hpss(side.T)
        low = harmonic.T * (frequency < 150)
        sides["drums"].append(percussive.T)
        sides["bass"].append(low)
        for stem in ("vocals", "other"):
            sides[stem].append(harmonic.T - low)
    return {stem: _sound(np.stack(parts), len(mix)) for stem, parts in sides.items()}


def repet_sim(mix: Sound) -> Multitrack:
    """Part the voice from what repeats (REPET-SIM, Rafii and Pardo 2012), the usual way with librosa.

    It knows only voice and accompaniment, so the accompaniment serves for each of the three others.
    """
    import librosa

    spectra = _spectra(mix)
    magnitude = np.sqrt(np.mean(np.abs(spectra) ** 2, axis=0)).T
    width = int(librosa.time_to_frames(2, sr=RATE, hop_length=HOP))
    repeating = librosa.decompose.nn_filter(magnitude, aggregate=np.median, metric="cosine", width=width)
    repeating = np.minimum(magnitude, repeating)
    voice = librosa.util.softmask(magnitude - repeating, 10 * repeating, power=2)
    backing = librosa.util.softmask(repeating, 2 * (magnitude - repeating), power=2)
    masks = dict.fromkeys(STEMS, backing) | {"vocals": voice}
    return {stem: _sound(spectra * mask.T, len(mix)) for stem, mask in masks.items()}


def oracle(stems: Multitrack) -> Multitrack:
    """Return what a ratio mask of the true magnitudes gives (IRM1 of SiSEC 2018): the most a soft mask could do."""
    spectra = {stem: _spectra(sound) for stem, sound in stems.items()}
    mix = np.sum(list(spectra.values()), axis=0)
    total = np.sum([np.abs(parts) for parts in spectra.values()], axis=0) + _TINY
    frames = len(stems["bass"])
    return {stem: _sound(mix * np.abs(parts) / total, frames) for stem, parts in spectra.items()}


def _window() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def _spectra(sound: Sound) -> Spectra:
    """Return (2, time, frequency)."""
    padded = np.pad(sound, ((WINDOW, 2 * WINDOW), (0, 0)))
    framed = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)[::HOP]
    return np.fft.rfft(framed * _window(), axis=-1).astype(np.complex64).transpose(1, 0, 2)


def _sound(spectra: Spectra, frames: int) -> Sound:
    parts = np.fft.irfft(spectra, WINDOW, axis=-1) * _window() / 1.5
    out = np.zeros((len(spectra), (parts.shape[1] + 3) * HOP), np.float64)
    for index in range(parts.shape[1]):
        out[:, index * HOP : index * HOP + WINDOW] += parts[:, index]
    return out[:, WINDOW : WINDOW + frames].T.astype(np.float32)
