"""Graphs and their weights, loaded into onnxruntime.

Memory: onnxruntime's plan for reusing buffers keeps the buffer of a value until the last value of that size is done,
which for networks shaped like a U means almost all of them at once; without it, and with the arena, a run takes a
third. The arena goes with the session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import EngineFailed
from bridge.separation.networks.graph import Model, Source

if TYPE_CHECKING:
    import onnxruntime

Real = NDArray[np.float32]
Tensors = Mapping[str, NDArray[Any]]
"""The tensors of a weights file by their names."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how networks run."""

    threads: int = 0
    """Threads for one operation; 0 for one less than there are processors, so that the DAW has one."""
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    """The execution providers of onnxruntime, the wanted one first."""

    @property
    def thread_count(self) -> int:
        """How many threads an operation gets."""
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


class Session:
    """One graph with its weights, ready to run."""

    def __init__(self, model: Model, tensors: Tensors, device: Device, rename: Callable[[str], str] = str) -> None:
        """Load `model`; `rename` gives the name that a tensor of the graph has in `tensors`.

        Raises `EngineFailed` that names every tensor which is missing or has another shape.
        """
        import onnxruntime

        weights = initialisers(model, tensors, rename)
        values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in weights.items()}
        options = _options(device)
        options.add_external_initializers(list(values), list(values.values()))
        self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(
            model.data, options, providers=list(device.providers)
        )

    def run(self, **inputs: NDArray[Any]) -> list[Real]:
        """Return every output for these inputs."""
        found: list[Real] = self._session.run(None, inputs)
        return found


def initialisers(model: Model, tensors: Tensors, rename: Callable[[str], str] = str) -> dict[str, Real]:
    """Return the tensors that a graph asks for, as float32 in the graph's shapes. Raises `EngineFailed`."""
    wrong = list(mismatches(model, tensors, rename))
    if wrong:
        raise EngineFailed(
            f"The weights do not fit the network: {'; '.join(wrong)}.",
            code="engine.weights",
            advice="`stembridge models verify` checks the file; a checkpoint of your own needs its own config.",
        )
    return {
        name: np.ascontiguousarray(_part(tensors[rename(Source.of(name).name)], name), np.float32).reshape(shape)
        for name, shape in model.weights.items()
    }


def mismatches(model: Model, tensors: Tensors, rename: Callable[[str], str] = str) -> list[str]:
    """Describe each tensor of the graph that is missing in `tensors` or has another number of values there."""
    wrong = []
    for name, shape in model.weights.items():
        stored = rename(Source.of(name).name)
        if stored not in tensors:
            wrong.append(f"{stored} is missing")
        elif (have := _part(tensors[stored], name)).size != int(np.prod(shape)):
            wrong.append(f"{stored} has the shape {have.shape}, not {shape}")
    return wrong


def _part(tensor: NDArray[Any], name: str) -> NDArray[Any]:
    rows = Source.of(name).rows
    return tensor if rows is None else tensor[slice(*rows)]


def _options(device: Device) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_mem_reuse = False
    options.enable_mem_pattern = False
    options.intra_op_num_threads = device.thread_count
    options.log_severity_level = 3  # errors: warnings about its own optimiser are nobody's news
    # Waiting threads sleep instead of spinning: the DAW may be playing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
