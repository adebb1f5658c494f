"""What an engine asks about the weights of a pass: is it here, where, and with which hash."""

from __future__ import annotations

from pathlib import Path

from bridge.errors import EngineUnavailable
from bridge.separation.engine import READY, Availability
from bridge.separation.separator import EngineOptions
from bridge.separation.weights.catalogue import weights
from bridge.separation.weights.store import WeightsStore


def present(name: str, options: EngineOptions) -> Availability:
    """Say whether these weights are in the folder of weights."""
    wanted = weights()[name]
    if options.models is not None and WeightsStore(options.models).is_present(wanted):
        return READY
    return Availability(
        f"The weights {wanted.file} are not here ({wanted.bytes // 10**6} MB).",
        f"`stembridge models fetch {name}` fetches them.",
    )


def hashes(name: str) -> tuple[str, ...]:
    """Return the SHA-256 of these weights."""
    return (weights()[name].sha256,)


def located(name: str, options: EngineOptions) -> Path:
    """Return the file of these weights, with the right hash; raise `EngineUnavailable` or `WeightsError` otherwise."""
    if options.models is None:
        raise EngineUnavailable(f"There is no folder of weights, so {name} cannot be used.")
    return WeightsStore(options.models).require(weights()[name])
