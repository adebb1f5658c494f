"""A band-split RoFormer around its graphs: one chunk of a mix in, its stems out; then a whole mix, chunk by chunk.

The procedure is that of the training program whose checkpoints are public (see docs/models.md): same chunks, borders
and fades. The heads overlap, so they are cascaded: each takes its part from what the earlier ones have left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.separation.networks.graph import Model
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.overlap import OverlapAdd
from bridge.separation.networks.roformer import BLOCK, HEAD, Roformer, rotary
from bridge.separation.networks.session import Device, Session, Tensors
from bridge.separation.networks.spectrum import istft, stft
from bridge.units import Progress

Real = NDArray[np.float32]

_SMALLEST_NORM = 1e-12
_ROWS = 8192
"""Tokens that one run of a transformer gets at once, about: what bounds the memory, and how soon a cancel is obeyed."""


@dataclass(frozen=True)
class Chunking:
    """How a mix is cut; the defaults are those of the vocal checkpoint."""

    samples: int = 352_800
    overlaps: int = 2
    """How many chunks cover a sample."""
    hop: int = 441
    n_fft: int = 2048

    @property
    def step(self) -> int:
        """Samples from one chunk to the next."""
        return self.samples // self.overlaps

    @property
    def fade(self) -> int:
        """Samples of the fade at each end of a chunk."""
        return self.samples // 10


class RoformerNetwork:
    """One loaded trunk with some of its heads."""

    def __init__(
        self,
        shape: Roformer,
        bands: NDArray[np.int64],
        heads: Sequence[int],
        chunking: Chunking,
        tensors: Tensors,
        device: Device,
    ) -> None:
        """`bands` are the bins of all bands, one after the other. Raises `EngineFailed` where tensors do not fit."""
        self.shape, self.chunking, self.heads = shape, chunking, tuple(heads)
        channels = np.arange(shape.channels)
        self._rows = (bands[:, None] * shape.channels + channels).ravel()
        self._shares = np.bincount(self._rows).astype(np.float32)[:, None]
        self._split = Session(shape.split(), tensors, device)
        self._layers = [
            [
                _block(shape.block(depth), f"layers.{index}.{axis}.", tensors, device)
                for axis, depth in enumerate((shape.time_depth, shape.band_depth))
            ]
            for index in range(shape.depth)
        ]
        self._heads = [
            Session(shape.head(), tensors, device, _renamed(HEAD, f"mask_estimators.{index}.")) for index in heads
        ]
        self._final = None if shape.mel else tensors["final_norm.gamma"].astype(np.float32)
        self._frequencies = [tensors[f"layers.0.{axis}.layers.0.0.rotary_embed.freqs"] for axis in (0, 1)]

    def separate_chunk(self, wave: Real, alive: Callable[[float], None]) -> Real:
        """Return [heads, channels, samples] of a chunk [channels, samples]; `alive` is told what is done."""
        chunking = self.chunking
        spectrum = stft(wave, chunking.n_fft, chunking.hop)
        channels, bins, frames = spectrum.shape
        flat = spectrum.transpose(1, 0, 2).reshape(bins * channels, frames)
        values = np.stack([flat.real, flat.imag], axis=2)[self._rows].transpose(1, 0, 2).reshape(frames, -1)
        [features] = self._split.run(spectrum=np.ascontiguousarray(values))
        features = self._mixed(features, alive)
        left, made = flat, []
        for head in self._heads:
            [mask] = head.run(features=features)
            taken = left * self._mask(mask)
            taken[:channels] = 0  # nothing at 0 Hz
            left = left - taken
            shaped = taken.reshape(bins, channels, frames).transpose(1, 0, 2)
            made.append(istft(shaped.astype(np.complex64), chunking.hop, wave.shape[1]))
        return np.stack(made)

    def _mixed(self, features: Real, alive: Callable[[float], None]) -> Real:
        tables = [rotary(table, count) for table, count in zip(self._frequencies, features.shape[:2], strict=True)]
        steps = 2 * len(self._layers)

        def report(step: int) -> Callable[[float], None]:
            return lambda fraction: alive((step + fraction) / steps)

        for index, (time, band) in enumerate(self._layers):
            turned = np.ascontiguousarray(features.transpose(1, 0, 2))
            _run(time, turned, tables[0], report(2 * index))
            features = np.ascontiguousarray(turned.transpose(1, 0, 2))
            _run(band, features, tables[1], report(2 * index + 1))
        if self._final is None:
            return features
        norm = np.maximum(np.linalg.norm(features, axis=2, keepdims=True), _SMALLEST_NORM)
        return np.asarray(features / norm * np.float32(self.shape.dim**0.5) * self._final, np.float32)

    def _mask(self, mask: Real) -> NDArray[np.complex64]:
        """Return [bins × channels, frames]; where bands overlap, the mean of their masks."""
        pairs = mask.reshape(len(mask), -1, 2)
        values = (pairs[:, :, 0] + 1j * pairs[:, :, 1]).T
        whole = np.zeros((len(self._shares), len(mask)), np.complex64)
        np.add.at(whole, self._rows, values)
        return np.asarray(whole / self._shares, np.complex64)


def separate(network: RoformerNetwork, mix: MixFile, write: Callable[[Real], None], progress: Progress) -> None:
    """Separate a whole mix; `write` is given the next samples [pairs, heads, channels, count], in order."""
    chunking = network.chunking
    border = chunking.samples - chunking.step
    border = border if mix.frames > 2 * border else 0
    total = mix.frames + 2 * border
    adding = OverlapAdd((len(mix.pairs), len(network.heads), network.shape.channels), chunking.samples)
    starts = range(0, total, chunking.step)
    for number, start in enumerate(starts):
        part = _chunk(mix, start - border, min(chunking.samples, total - start), chunking.samples)
        made = []
        for index, pair in enumerate(mix.pairs):
            begun = number + index / len(mix.pairs)

            def alive(fraction: float, begun: float = begun) -> None:
                progress((begun + fraction / len(mix.pairs)) / len(starts))

            made.append(network.separate_chunk(part[list(pair)], alive))
        length = min(chunking.samples, total - start)
        window = _window(chunking, first=number == 0, last=number == len(starts) - 1)
        adding.add(start, np.stack(made)[..., :length], window[:length])
        done = adding.take(min(start + chunking.step, total))
        write(done[..., max(0, border - start) : max(0, border + mix.frames - start)])


def _chunk(mix: MixFile, start: int, length: int, full: int) -> Real:
    """Read `length` samples, mirrored at the ends of the mix, and fill up to `full`: mirrored, where they are many."""
    before, after = max(0, -start), min(length, max(0, start + length - mix.frames))
    parts = [mix.read(start + before, length - before - after)]
    if before:
        parts.insert(0, mix.read(1 - start - before, before)[:, ::-1])
    if after:
        overrun = max(0, start - mix.frames)
        parts.append(mix.read(mix.frames - 1 - overrun - after, after)[:, ::-1])
    whole = np.concatenate(parts, axis=1)
    missing = ((0, 0), (0, full - length))
    return np.pad(whole, missing, mode="reflect") if length > full // 2 else np.pad(whole, missing)


def _window(chunking: Chunking, *, first: bool, last: bool) -> Real:
    """Return the weights of a chunk: faded in and out in straight lines, but for the ends of the mix."""
    window = np.ones(chunking.samples, np.float32)
    line = np.linspace(0, 1, chunking.fade, dtype=np.float32)
    if not first:
        window[: chunking.fade] = line
    if not last:
        window[-chunking.fade :] = line[::-1]
    return window


def _block(model: Model, layer: str, tensors: Tensors, device: Device) -> Session:
    return Session(model, tensors, device, _renamed(BLOCK, layer))


def _renamed(placeholder: str, name: str) -> Callable[[str], str]:
    return lambda tensor: tensor.replace(placeholder, name, 1)


def _run(session: Session, rows: Real, tables: Mapping[str, Real], alive: Callable[[float], None]) -> None:
    """Put [rows, tokens, dim] through a transformer in place, a few rows at a time."""
    tokens = rows.shape[1]
    step = max(1, _ROWS // tokens)
    positions = np.arange(tokens)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        [rows[part]] = session.run(features=rows[part], positions=positions, **tables)
        alive(min(1.0, (start + step) / len(rows)))
