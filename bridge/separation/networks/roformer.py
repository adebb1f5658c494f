"""The band-split RoFormers as graphs (Lu et al., 2023, arXiv:2309.02612; Mel bands: arXiv:2310.01809).

A network is cut into small graphs, so that several stems cost one trunk, memory stays low, and a running separation
can be stopped between two of them:

* `split`: [frames, values of all bands] -> features [frames, bands, dim];
* one graph for all the transformers along time and one for those along bands, [rows, tokens, dim] -> the same, where
  the rows are what a transformer does not mix, so that they can be given in slices;
* `head`: features -> the mask of one stem, [frames, values of all bands].

STFT, gathering the bands, the final norm and applying the mask are in `bridge.separation.roformer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.separation.networks.graph import Graph, Model

_SMALLEST_NORM = 1e-12
_FF_GROWTH = 4
COSINES, SINES = "cosines", "sines"
"""The inputs for the rotary tables, which follow from the stored frequencies: see `rotary`."""

BLOCK = "block."
"""What stands for the name of a transformer in its graph, such as "layers.3.0."."""
HEAD = "head."
"""What stands for the name of a head in its graph, such as "mask_estimators.2."."""


@dataclass(frozen=True)
class Roformer:
    """The shape of one network."""

    dim: int
    depth: int
    bands: tuple[int, ...]
    """How many bins each band has."""
    mask_linears: int
    """Linear layers of each band's mask; published configurations count them in different ways."""
    mask_hidden: int
    mel: bool
    """Whether each transformer ends with a norm and bands overlap; otherwise there is one norm at the end."""
    time_depth: int = 1
    band_depth: int = 1
    heads: int = 8
    dim_head: int = 64
    channels: int = 2

    @cached_property
    def values(self) -> tuple[int, ...]:
        """Values of each band in a frame: real and imaginary parts of all channels."""
        return tuple(2 * self.channels * count for count in self.bands)

    def split(self) -> Model:
        """Return the model that makes features of a spectrum."""
        graph = Graph("band split")
        spectrum = graph.input("spectrum", ("frames", sum(self.values)))
        parts = graph.ops("Split", spectrum, graph.constant(self.values), count=len(self.values), axis=1)
        features = []
        for index, (part, count) in enumerate(zip(parts, self.values, strict=True)):
            name = f"band_split.to_features.{index}"
            normed = rms_norm(graph, part, f"{name}.0.gamma", count)
            made = graph.op("Gemm", normed, *_weights(graph, f"{name}.1", count, self.dim), transB=1)
            features.append(graph.op("Unsqueeze", made, graph.constant([1])))
        stacked = graph.op("Concat", *features, axis=1)
        graph.output(stacked, "features", ("frames", len(self.values), self.dim))
        return graph.model()

    def block(self, depth: int) -> Model:
        """Return the model of one transformer with so many layers; its weights are called `BLOCK` and what follows."""
        graph = Graph("transformer")
        tokens = graph.input("features", ("rows", "tokens", self.dim))
        positions = graph.input("positions", ("tokens",), integer=True)
        for table in (COSINES, SINES):
            graph.input(table, ("tokens", self.dim_head // 2))
        batch = graph.op("Unsqueeze", positions, graph.constant([0]))
        shape = graph.op("Shape", tokens)
        rows = graph.op("Expand", batch, graph.op("Slice", shape, graph.constant([0]), graph.constant([2])))
        flat = graph.op("Reshape", tokens, graph.constant([-1, self.dim]))
        for index in range(depth):
            flat = graph.op("Add", flat, self._attended(graph, flat, shape, rows, f"{BLOCK}layers.{index}.0"))
            flat = graph.op("Add", flat, self._fed_forward(graph, flat, f"{BLOCK}layers.{index}.1.net"))
        if self.mel:
            flat = rms_norm(graph, flat, f"{BLOCK}norm.gamma", self.dim)
        graph.output(graph.op("Reshape", flat, shape), "mixed", ("rows", "tokens", self.dim))
        return graph.model()

    def head(self) -> Model:
        """Return the model of one stem's mask; its weights are called `HEAD` and what follows."""
        graph = Graph("mask estimator")
        features = graph.input("features", ("frames", len(self.values), self.dim))
        parts = graph.ops("Split", features, count=len(self.values), axis=1, num_outputs=len(self.values))
        masks = []
        for index, (part, count) in enumerate(zip(parts, self.values, strict=True)):
            value = graph.op("Squeeze", part, graph.constant([1]))
            widths = [self.dim, *[self.mask_hidden] * (self.mask_linears - 1), 2 * count]
            for layer in range(self.mask_linears):
                if layer:
                    value = graph.op("Tanh", value)
                weights = _weights(graph, f"{HEAD}to_freqs.{index}.0.{2 * layer}", widths[layer], widths[layer + 1])
                value = graph.op("Gemm", value, *weights, transB=1)
            first, second = graph.ops("Split", value, count=2, axis=1, num_outputs=2)
            masks.append(graph.op("Mul", first, graph.op("Sigmoid", second)))
        graph.output(graph.op("Concat", *masks, axis=1), "mask", ("frames", sum(self.values)))
        return graph.model()

    def _attended(self, graph: Graph, flat: str, shape: str, rows: str, name: str) -> str:
        inner = self.heads * self.dim_head
        normed = rms_norm(graph, flat, f"{name}.norm.gamma", self.dim)
        joined = graph.op("Gemm", normed, graph.weight(f"{name}.to_qkv.weight", (3 * inner, self.dim)), transB=1)
        wide = graph.op(
            "Concat",
            graph.op("Slice", shape, graph.constant([0]), graph.constant([2])),
            graph.constant([inner]),
            axis=0,
        )
        parts = [graph.op("Reshape", part, wide) for part in graph.ops("Split", joined, count=3, axis=1, num_outputs=3)]
        query, key = (self._turned(graph, part, rows) for part in parts[:2])
        attended = graph.op("MultiHeadAttention", query, key, parts[2], domain="com.microsoft", num_heads=self.heads)
        gates = graph.op("Gemm", normed, *_weights(graph, f"{name}.to_gates", self.dim, self.heads), transB=1)
        gates = graph.op("Unsqueeze", graph.op("Sigmoid", gates), graph.constant([2]))
        split = graph.op("Reshape", attended, graph.constant([-1, self.heads, self.dim_head]))
        gated = graph.op("Reshape", graph.op("Mul", split, gates), graph.constant([-1, inner]))
        return graph.op("Gemm", gated, graph.weight(f"{name}.to_out.0.weight", (self.dim, inner)), transB=1)

    def _turned(self, graph: Graph, value: str, rows: str) -> str:
        return graph.op("RotaryEmbedding", value, rows, COSINES, SINES, domain="com.microsoft", interleaved=1)

    def _fed_forward(self, graph: Graph, flat: str, name: str) -> str:
        hidden = _FF_GROWTH * self.dim
        inner = rms_norm(graph, flat, f"{name}.0.gamma", self.dim)
        inner = graph.op("Gelu", graph.op("Gemm", inner, *_weights(graph, f"{name}.1", self.dim, hidden), transB=1))
        return graph.op("Gemm", inner, *_weights(graph, f"{name}.4", hidden, self.dim), transB=1)


def rotary(frequencies: NDArray[Any], tokens: int) -> Mapping[str, NDArray[np.float32]]:
    """Return the tables of the rotary embedding (Su et al., 2021, arXiv:2104.09864) for so many positions."""
    angles = np.arange(tokens)[:, None] * frequencies.astype(np.float32)
    return {COSINES: np.cos(angles).astype(np.float32), SINES: np.sin(angles).astype(np.float32)}


def rms_norm(graph: Graph, value: str, gamma: str, width: int) -> str:
    """Scale each row of [rows, width] to the norm √width, then each column by its gamma."""
    norm = graph.op("ReduceL2", value, graph.constant([1]), keepdims=1)
    norm = graph.op("Max", norm, graph.constant(_SMALLEST_NORM))
    scaled = graph.op("Mul", value, graph.op("Div", graph.constant(float(width) ** 0.5), norm))
    return graph.op("Mul", scaled, graph.weight(gamma, (width,)))


def _weights(graph: Graph, name: str, inputs: int, outputs: int) -> tuple[str, str]:
    return graph.weight(f"{name}.weight", (outputs, inputs)), graph.weight(f"{name}.bias", (outputs,))
