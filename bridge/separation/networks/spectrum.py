"""The short-time Fourier transform as the published networks were trained with: periodic Hann window, centred frames.

Equal to torch.stft and torch.istft with `center=True, pad_mode="reflect"`, to the rounding of float32.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


@functools.cache
def window(size: int) -> Real:
    """Return the periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def stft(wave: Real, size: int, hop: int) -> Spectrum:
    """Return [channels, size // 2 + 1, frames] of a wave [channels, samples]; its ends are mirrored."""
    half = size // 2
    padded = np.pad(wave, ((0, 0), (half, half)), mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::hop]
    return np.fft.rfft(framed * window(size), axis=2).astype(np.complex64).transpose(0, 2, 1)


def istft(spectrum: Spectrum, hop: int, length: int) -> Real:
    """Return the wave [channels, length] of a spectrum [channels, bins, frames].

    Each sample is divided by the sum of the squared windows that cover it, also past the middle of the last frame.
    """
    size = 2 * (spectrum.shape[1] - 1)
    half, frames = size // 2, spectrum.shape[2]
    pieces = np.fft.irfft(spectrum.transpose(2, 0, 1), size, axis=2).astype(np.float32) * window(size)
    wave = np.zeros((spectrum.shape[0], size + hop * (frames - 1)), np.float32)
    envelope = np.zeros(wave.shape[1], np.float32)
    square = window(size) ** 2
    for frame, piece in enumerate(pieces):
        at = slice(frame * hop, frame * hop + size)
        wave[:, at] += piece
        envelope[at] += square
    kept = slice(half, half + length)
    return np.asarray(wave[:, kept] / envelope[kept], np.float32)
