"""The passes of HTDemucs: which weights, and which of their outputs."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from bridge.separation.demucs.network import DemucsNetwork, separate
from bridge.separation.networks.htdemucs import HtDemucs
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.separator import Pass, Run, Write
from bridge.separation.networks.session import Device, Tensors
from bridge.units import Progress

FOUR = HtDemucs()
SIX = HtDemucs(sources=("drums", "bass", "other", "vocals", "guitar", "piano"), bottom_channels=0)


def _load(shape: HtDemucs, stems: tuple[str, ...], tensors: Tensors, device: Device) -> Run:
    network = DemucsNetwork(shape, tensors, device)
    kept = [shape.sources.index(stem) for stem in stems]

    def run(mix: MixFile, write: Write, progress: Progress) -> None:
        def write_kept(samples: NDArray[np.float32]) -> None:
            write(samples[:, kept])

        separate(network, mix, write_kept, progress)

    return run


def _pass(weights: str, shape: HtDemucs, stems: tuple[str, ...] = ()) -> Pass:
    kept = stems or shape.sources
    return Pass(weights, kept, partial(_load, shape, kept))


PASSES = {
    "htdemucs": _pass("htdemucs", FOUR),
    "htdemucs_6s": _pass("htdemucs_6s", SIX),
    # Each member of the fine-tuned bag is good at one source, and only that is taken from it.
    "htdemucs_ft_drums": _pass("htdemucs_ft_drums", FOUR, ("drums",)),
    "htdemucs_ft_bass": _pass("htdemucs_ft_bass", FOUR, ("bass",)),
}
