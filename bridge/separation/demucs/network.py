"""HTDemucs around its graph: one segment of a mix in, its stems out; then a whole mix, segment by segment.

The procedure is that of the reference program, demucs 4.1 (api.py, apply.py, htdemucs.py): same padding, same
normalisations, same overlap; without the random shifts, unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bridge.separation.networks.htdemucs import HtDemucs
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.overlap import OverlapAdd
from bridge.separation.networks.session import Device, Session, Tensors
from bridge.separation.networks.spectrum import istft, stft
from bridge.units import Progress

Real = NDArray[np.float32]

_EPSILON_SEGMENT = 1e-5
_EPSILON_TRACK = 1e-8


class DemucsNetwork:
    """One loaded HTDemucs."""

    def __init__(self, shape: HtDemucs, tensors: Tensors, device: Device) -> None:
        """Raises `EngineFailed` where the tensors do not fit."""
        self.shape = shape
        self._session = Session(shape.graph(), {**tensors, **shape.derived()}, device)

    def separate_segment(self, wave: Real) -> Real:
        """Return [sources, channels, samples] of one segment [channels, samples], exactly as long as the shape says."""
        shape = self.shape
        spectrum = self._analysed(wave)
        mean, deviation = _statistics(spectrum)
        mean_t, deviation_t = _statistics(wave)
        spectra, waves = self._session.run(
            spectrum=((spectrum - mean) / (_EPSILON_SEGMENT + deviation))[None],
            wave=((wave - mean_t) / (_EPSILON_SEGMENT + deviation_t))[None],
        )
        count = len(shape.sources)
        waves = waves.reshape(count, *wave.shape) * deviation_t + mean_t
        spectra = spectra.reshape(count, 2 * shape.audio_channels, shape.bins, shape.frames)
        for source in range(count):
            waves[source] += self._synthesised(spectra[source] * deviation + mean)
        return waves

    def _analysed(self, wave: Real) -> Real:
        """Return [2 × channels, bins, frames]: real and imaginary parts in turn, without the highest bin."""
        shape = self.shape
        left = shape.hop // 2 * 3
        right = left + shape.frames * shape.hop - wave.shape[1]
        padded = np.pad(wave, ((0, 0), (left, right)), mode="reflect")
        found = stft(padded, shape.n_fft, shape.hop)[:, :-1, 2 : 2 + shape.frames] / np.float32(shape.n_fft**0.5)
        return np.stack([found.real, found.imag], axis=1).reshape(-1, shape.bins, shape.frames)

    def _synthesised(self, parts: Real) -> Real:
        shape = self.shape
        pairs = parts.reshape(-1, 2, shape.bins, shape.frames)
        spectrum = np.pad(pairs[:, 0] + 1j * pairs[:, 1], ((0, 0), (0, 1), (2, 2))).astype(np.complex64)
        left = shape.hop // 2 * 3
        wave = istft(spectrum * np.float32(shape.n_fft**0.5), shape.hop, shape.hop * shape.frames + 2 * left)
        return wave[:, left : left + shape.segment_samples]


def separate(
    network: DemucsNetwork, mix: MixFile, write: Callable[[Real], None], progress: Progress, overlap: float = 0.25
) -> None:
    """Separate a whole mix; `write` is given the next samples [pairs, sources, channels, count], in order.

    What a segment adds is weighted by a triangle; a segment that reaches past an end is centred on what there is.
    """
    segment = network.shape.segment_samples
    stride = int((1 - overlap) * segment)
    weight = _triangle(segment)
    levels = [mix.mean_and_deviation(pair) for pair in mix.pairs]
    count = len(network.shape.sources)
    adding = OverlapAdd((len(mix.pairs), count, network.shape.audio_channels), segment)
    for offset in range(0, mix.frames, stride):
        length = min(segment, mix.frames - offset)
        before = (segment - length) // 2
        part = mix.read(offset - before, segment)
        real = slice(max(0, before - offset), mix.frames - offset + before)
        made = []
        for pair, (mean, deviation) in zip(mix.pairs, levels, strict=True):
            level = deviation + _EPSILON_TRACK
            wave = np.zeros((2, segment), np.float32)
            wave[:, real] = (part[list(pair), real] - mean) / level
            made.append(network.separate_segment(wave)[..., before : before + length] * level + mean)
        adding.add(offset, np.stack(made), weight[:length])
        until = min(offset + stride, mix.frames)
        write(adding.take(until))
        progress(until / mix.frames)


def _statistics(values: Real) -> tuple[np.float32, np.float32]:
    """Return the mean and the standard deviation (N - 1), summed in float64."""
    mean = values.mean(dtype=np.float64)
    deviation = np.sqrt(np.square(values - mean, dtype=np.float64).sum() / (values.size - 1))
    return np.float32(mean), np.float32(deviation)


def _triangle(count: int) -> Real:
    rising = np.arange(1, count // 2 + 1, dtype=np.float32)
    falling = np.arange(count - count // 2, 0, -1, dtype=np.float32)
    weight = np.concatenate([rising, falling])
    return np.asarray(weight / weight.max(), np.float32)
