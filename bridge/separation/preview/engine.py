"""The preview engine: reads the mix block by block, takes the stems out by masks, and writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile

from bridge.errors import EngineFailed, StorageError
from bridge.separation import preview
from bridge.separation.catalogue import Model
from bridge.separation.preview.blocks import Block, Cut, blocks
from bridge.separation.preview.masks import MaskPass, Real, Spectrum
from bridge.separation.preview.rules import RULES
from bridge.separation.preview.stft import OVERLAP, analyse, synthesise, window_size
from bridge.separation.registry import unsupported
from bridge.separation.seam import SeparationRequest
from bridge.units import Hz, Progress

_REST = "other"
_RIFF_LIMIT = 2**32 - 2**16
"""Bytes of sound a RIFF file may hold, with room for its headers; a larger file is an RF64 (EBU Tech 3306)."""


class PreviewEngine:
    """Separates without weights: a rough preview, by rules, of bass, drums, vocals and the rest."""

    name = preview.NAME
    label = preview.LABEL
    revision = preview.REVISION

    def __init__(self, passes: Sequence[MaskPass] = RULES, core_s: float = 10.0) -> None:
        self._passes = passes
        self._core_s = core_s

    def check(self, model: Model) -> None:
        """Raise `ModelUnsupported` (with the engines that can) where the preview can't make the model's stems."""
        if self.name not in model.engines:
            raise unsupported(self.name, model)

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        """Separate, and return the file of each stem by its name.

        The stems' sum is the mix to the rounding of float32. Memory does not grow with the mix. Raises
        `ModelUnsupported`, `EngineFailed` where the mix cannot be read, `StorageError` where the disk fails.
        """
        self.check(request.model)
        try:
            return self._separate(request, progress)
        except soundfile.LibsndfileError as error:
            raise EngineFailed(f"The preview engine could not read or write audio: {error}.") from error
        except OSError as error:
            raise StorageError.from_os(error, "separating") from error

    def _separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        names = request.model.delivered
        rest = request.model.complement or _REST
        paths = {name: request.folder / f"{name}.wav" for name in names}
        with soundfile.SoundFile(request.mix) as mix, ExitStack() as files:
            large = mix.frames * mix.channels * 4 > _RIFF_LIMIT
            outs = {
                name: files.enter_context(
                    soundfile.SoundFile(
                        path, "w", mix.samplerate, mix.channels, "FLOAT", format="RF64" if large else "WAV"
                    )
                )
                for name, path in paths.items()
            }
            done = 0
            for block in blocks(mix, _cut(self._passes, Hz(mix.samplerate), self._core_s)):
                taken = _take(block, self._passes, Hz(mix.samplerate))
                left = block.samples[block.core].astype(np.float64)
                for name in names:
                    if name != rest:
                        part = taken[name][block.core]
                        left -= part
                        outs[name].write(part)
                outs[rest].write(left.astype(np.float32))
                done += block.count
                progress(done / mix.frames)
        progress(1.0)
        return paths


def _cut(passes: Sequence[MaskPass], rate: Hz, core_s: float) -> Cut:
    longest = max(window_size(each.window_s, rate) for each in passes)
    reach = sum(each.reach_s * rate + 2 * window_size(each.window_s, rate) for each in passes)
    return Cut(core=max(1, round(core_s * rate / longest)) * longest, margin=-int(-reach // longest) * longest)


def _take(block: Block, passes: Sequence[MaskPass], rate: Hz) -> dict[str, Real]:
    left = block.samples.copy()
    taken: dict[str, Real] = {}
    for each in passes:
        size = window_size(each.window_s, rate)
        spectra = [analyse(np.ascontiguousarray(channel), size) for channel in left.T]
        masks = each.masks(Spectrum(spectra[0], spectra[-1], rate, size // OVERLAP))
        for name, mask in masks.items():
            part = np.stack([synthesise(spectrum * mask, size) for spectrum in spectra], axis=1)
            left -= part
            taken[name] = taken[name] + part if name in taken else part
    return taken
