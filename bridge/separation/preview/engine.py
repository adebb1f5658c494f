"""The preview engine: reads the mix block by block, takes the stems out by masks, and writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile

from bridge.audio.canonical import CanonicalWriter
from bridge.errors import EngineFailed, StorageError
from bridge.separation import preview
from bridge.separation.preview.blocks import Block, Cut, blocks
from bridge.separation.preview.folddown import sides
from bridge.separation.preview.masks import MaskPass, Real, Spectrum
from bridge.separation.preview.rules import RULES
from bridge.separation.preview.stft import OVERLAP, analyse, synthesise, window_size
from bridge.separation.separator import SeparationRequest
from bridge.units import Hz, Progress

_CORE = 3 * 2**18
"""Samples of a block that are kept: large beside its neighbourhood, small beside the memory of a laptop."""


class PreviewEngine:
    """Separates without weights: a rough preview, by rules, of bass, drums, vocals and the rest."""

    name = preview.NAME

    def __init__(self, passes: Sequence[MaskPass] = RULES, core: int = _CORE) -> None:
        self._passes = passes
        self._core = core

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        """Separate into all four stems, whichever model asks, and return the file of each by its name.

        The stems' sum is the mix to the rounding of float32. Memory does not grow with the mix's length. Raises
        `EngineFailed` where the mix cannot be read, `StorageError` where the disk fails.
        """
        paths = {name: request.folder / f"{name}.wav" for name in preview.STEMS}
        try:
            with soundfile.SoundFile(request.mix) as mix, ExitStack() as files:
                shape = Hz(mix.samplerate), mix.channels
                stems = {name: files.enter_context(CanonicalWriter(path, *shape)) for name, path in paths.items()}
                self._separate(mix, stems, progress)
        except soundfile.LibsndfileError as error:
            raise EngineFailed(f"The preview engine could not read the mix: {error.error_string}") from error
        except OSError as error:
            raise StorageError.from_os(error, "writing the separated stems") from error
        return paths

    def _separate(self, mix: soundfile.SoundFile, stems: Mapping[str, CanonicalWriter], progress: Progress) -> None:
        rate = Hz(mix.samplerate)
        cut = self._cut(rate, mix.frames)
        count = -(-mix.frames // cut.core)
        for index, block in enumerate(blocks(mix, cut)):
            taken = self._taken(block, rate, _share(progress, index, count))
            left = block.samples[block.core].astype(np.float64)
            for name in [name for name in stems if name != "other"]:
                part = taken[name]
                left -= part
                stems[name].write(part)
            stems["other"].write(left.astype(np.float32))
        progress(1.0)

    def _cut(self, rate: Hz, frames: int) -> Cut:
        longest = max(window_size(each.window_s, rate) for each in self._passes)
        reach = sum(each.reach_s * rate + window_size(each.window_s, rate) for each in self._passes)
        windows = max(1, min(self._core // longest, -(-frames // longest)))
        return Cut(core=windows * longest, margin=-int(-reach // longest) * longest)

    def _taken(self, block: Block, rate: Hz, progress: Progress) -> dict[str, Real]:
        """Return of each stem that the passes take out what lies in the block's core: (frames, channels)."""
        left = block.samples.copy()
        taken: dict[str, Real] = {}
        for index, each in enumerate(self._passes):
            for name, part in _take_out(left, each, rate, _share(progress, index, len(self._passes))).items():
                left -= part
                kept = part[block.core].copy()
                taken[name] = taken[name] + kept if name in taken else kept
        return taken


def _share(progress: Progress, index: int, count: int) -> Progress:
    """Return what reports the progress of one of `count` equal steps to what watches them all."""
    return lambda fraction: progress((index + fraction) / count)


def _take_out(samples: Real, each: MaskPass, rate: Hz, progress: Progress) -> dict[str, Real]:
    size = window_size(each.window_s, rate)
    channels = samples.shape[1]
    steps = 2 + channels
    spectra = [analyse(side, size) for side in sides(samples)]
    progress(1 / steps)
    masks = each.masks(Spectrum(spectra[0], spectra[-1], rate, size // OVERLAP))
    parts = {name: np.empty_like(samples) for name in masks}
    for channel in range(channels):
        progress((2 + channel) / steps)
        # The sides of mono and stereo are its channels; of more channels they are a fold-down.
        spectrum = spectra[channel] if channels <= 2 else analyse(samples[:, channel], size)
        for name, mask in masks.items():
            parts[name][:, channel] = synthesise(spectrum * mask, size)
    progress(1.0)
    return parts
