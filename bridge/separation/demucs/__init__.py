"""The engine that runs the HTDemucs family on this machine.

    passes    which weights make which stems
    network   the procedure around the graph: normalisation, segments, overlap

Importing this package is cheap; its modules need numpy, and onnxruntime when a pass is loaded.
"""

from __future__ import annotations

from bridge.separation.engine import Engine
from bridge.separation.separator import EngineOptions, Separator
from bridge.separation.weights.needed import hashes, present

NAME = "demucs"
WEIGHTS = {name: name for name in ("htdemucs", "htdemucs_6s", "htdemucs_ft_drums", "htdemucs_ft_bass")}
"""The weights file of each pass, by the names of the catalogue of weights."""


def _load(options: EngineOptions) -> Separator:
    from bridge.separation.demucs.passes import PASSES
    from bridge.separation.networks.separator import network_separator

    return network_separator(ENGINE, PASSES, options)


ENGINE = Engine(
    name=NAME,
    label="demucs (HTDemucs, on this machine)",
    revision="1",
    passes={
        501: "htdemucs",
        **dict.fromkeys((320, 380, 390), "htdemucs_6s"),
        340: "htdemucs_ft_drums",
        360: "htdemucs_ft_bass",
    },
    load=_load,
    availability=lambda name, options: present(WEIGHTS[name], options),
    weights=lambda name: hashes(WEIGHTS[name]),
)
