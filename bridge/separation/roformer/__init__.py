"""The engine that runs band-split RoFormers on this machine.

    passes    which weights and heads make which stems
    network   the procedure around the graphs: bands, chunks, masks

Importing this package is cheap; its modules need numpy, and onnxruntime when a pass is loaded.
"""

from __future__ import annotations

from bridge.separation.engine import Engine
from bridge.separation.separator import EngineOptions, Separator
from bridge.separation.weights.needed import hashes, present

NAME = "roformer"
WEIGHTS = {
    "melband_kim": "melband_kim",
    **dict.fromkeys(("mega53 voices", "mega53 strings", "mega53 wind", "mega53 synthesizer"), "mega53"),
}
"""The weights file of each pass, by the names of the catalogue of weights."""


def _load(options: EngineOptions) -> Separator:
    from bridge.separation.networks.separator import network_separator
    from bridge.separation.roformer.passes import PASSES

    return network_separator(ENGINE, PASSES, options)


ENGINE = Engine(
    name=NAME,
    label="roformer (RoFormer, on this machine)",
    revision="1",
    passes={
        350: "melband_kim",
        490: "mega53 voices",
        491: "mega53 strings",
        492: "mega53 wind",
        493: "mega53 synthesizer",
    },
    load=_load,
    availability=lambda name, options: present(WEIGHTS[name], options),
    weights=lambda name: hashes(WEIGHTS[name]),
)
