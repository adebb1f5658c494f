"""The passes of the RoFormers: which weights, and which of their heads under which names."""

from __future__ import annotations

from functools import partial

import numpy as np

from bridge.separation.networks import bands
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.roformer import Roformer
from bridge.separation.networks.separator import Pass, Run, Write
from bridge.separation.networks.session import Device, Tensors
from bridge.separation.roformer.network import Chunking, RoformerNetwork, separate
from bridge.units import Progress

_MEL = bands.mel()
_LINEAR = bands.linear()
KIM = Roformer(dim=384, depth=6, bands=tuple(map(len, _MEL)), mask_linears=3, mask_hidden=4 * 384, mel=True)
MEGA = Roformer(dim=256, depth=12, bands=tuple(map(len, _LINEAR)), mask_linears=2, mask_hidden=2 * 256, mel=False)
MEGA_CHUNKS = Chunking(samples=882_000, hop=512)
"""20 s, as its configuration says: shorter chunks give worse stems."""


def _load(
    shape: Roformer, cut: bands.Bins, heads: tuple[int, ...], chunking: Chunking, tensors: Tensors, device: Device
) -> Run:
    network = RoformerNetwork(shape, np.concatenate(cut), heads, chunking, tensors, device)

    def run(mix: MixFile, write: Write, progress: Progress) -> None:
        separate(network, mix, write, progress)

    return run


def _mega(remainder: str = "", **heads: int) -> Pass:
    """Return a pass over the trunk of the 53 stems with some of its heads: the stems by name, each with its number.

    The heads overlap, so their order counts: each takes its part from what the earlier ones left.
    """
    return Pass("mega53", tuple(heads), partial(_load, MEGA, _LINEAR, tuple(heads.values()), MEGA_CHUNKS), remainder)


PASSES = {
    "melband_kim": Pass("melband_kim", ("vocals",), partial(_load, KIM, _MEL, (0,), Chunking())),
    "mega53 voices": _mega("other", lead_vocals=27, backing_vocals=2),
    "mega53 strings": _mega(strings=37),
    "mega53 wind": _mega(wind=50),
    "mega53 synthesizer": _mega(synthesizer=38),
}
