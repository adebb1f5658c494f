"""What the engines that run networks have in common: a pass loads its weights, and stays loaded for the next mix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.separation.engine import Engine
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.session import Device, Tensors
from bridge.separation.networks.stemfiles import StemFiles
from bridge.separation.separator import EngineOptions, SeparationRequest
from bridge.separation.weights.needed import located
from bridge.separation.weights.reading import open_tensors
from bridge.units import Progress

Real = NDArray[np.float32]
Write = Callable[[Real], None]
"""Is given the next samples [pairs, stems, 2, count] of all stems, in order."""
Run = Callable[[MixFile, Write, Progress], None]
"""Separates a whole mix with a network that is loaded."""


@dataclass(frozen=True)
class Pass:
    """One run of a network over a mix."""

    weights: str
    """The name of the weights file in the catalogue."""
    stems: tuple[str, ...]
    """The stems that it makes, in the order in which they are written."""
    load: Callable[[Tensors, Device], Run]
    """Loads the network. Raises `EngineFailed` where the tensors do not fit."""
    remainder: str = ""
    """The name of one more stem: what the others leave of the mix; "" for none."""

    @property
    def names(self) -> tuple[str, ...]:
        """All stems, the remainder last."""
        return (*self.stems, self.remainder) if self.remainder else self.stems


def network_separator(engine: Engine, passes: Mapping[str, Pass], options: EngineOptions) -> NetworkSeparator:
    """Return the separator of an engine whose passes these are, by the names that the engine has for them."""

    def tensors(weights: str) -> Tensors:
        return open_tensors(located(weights, options))

    def pass_of(request: SeparationRequest) -> Pass:
        return passes[engine.pass_of(request.model)]

    return NetworkSeparator(engine.name, pass_of, tensors, Device(options.threads))


class NetworkSeparator:
    """A `Separator` that runs passes; it keeps the network that it used last."""

    def __init__(
        self, name: str, pass_of: Callable[[SeparationRequest], Pass], tensors: Callable[[str], Tensors], device: Device
    ) -> None:
        """`tensors` opens a weights file by its name in the catalogue."""
        self.name = name
        self._pass_of = pass_of
        self._tensors = tensors
        self._device = device
        self._loaded: tuple[Pass, Run] | None = None

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        """Separate, and return the file of each stem that the pass makes. Raises `EngineFailed`, `OSError`."""
        wanted = self._pass_of(request)
        run = self._run(wanted)
        with MixFile(request.mix, request.folder) as mix, StemFiles(request.folder, wanted.names, mix.pairs) as files:
            run(mix, _with_remainder(mix, files.write) if wanted.remainder else files.write, progress)
        return files.paths

    def _run(self, wanted: Pass) -> Run:
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = None  # its memory first
            self._loaded = wanted, wanted.load(self._tensors(wanted.weights), self._device)
        return self._loaded[1]


def _with_remainder(mix: MixFile, write: Write) -> Write:
    """Return a `Write` that adds one more stem: the mix without the others."""
    position = 0

    def write_all(samples: Real) -> None:
        nonlocal position
        count = samples.shape[-1]
        part = mix.read(position, count)
        position += count
        whole = np.stack([part[list(pair)] for pair in mix.pairs])
        write(np.concatenate([samples, (whole - samples.sum(axis=1))[:, None]], axis=1))

    return write_all
