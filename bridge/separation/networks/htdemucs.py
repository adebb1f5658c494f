"""The hybrid transformer Demucs (HTDemucs; Rouard, Massa, Defossez, 2023, arXiv:2211.08553), as one ONNX graph.

Outside the graph stay the STFT, the normalisation of each segment and the sum of both branches: see
`bridge.separation.demucs`. Inputs are one segment: `spectrum` [1, 2 × channels, bins, frames] with real and imaginary
parts as channels, and `wave` [1, channels, samples]. Outputs have every source's channels one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.separation.networks.graph import Graph, Model
from bridge.separation.networks.layers import (
    attention,
    glu,
    group_norm,
    layer_norm,
    linear,
    token_group_norm,
)
from bridge.separation.networks.positions import positions, positions_2d

_KERNEL, _STRIDE = 8, 4
_PAD = _KERNEL // 4
_DCONV_KERNEL = 3
_EMBEDDING_GAIN = 0.2 * 10
"""What the embedding of a frequency is multiplied by: its weight in the sum, times the scale it was stored with."""

POSITION, POSITION_T = "position", "position_t"
"""The names of the tensors that no weights file holds: see `HtDemucs.derived`."""


@dataclass(frozen=True)
class HtDemucs:
    """The shape of one HTDemucs; the defaults are those of the published models."""

    sources: tuple[str, ...] = ("drums", "bass", "other", "vocals")
    bottom_channels: int = 512
    """The width of the transformer; 0 for the width of the last layer, without a change of width."""
    audio_channels: int = 2
    channels: int = 48
    growth: int = 2
    depth: int = 4
    n_fft: int = 4096
    dconv_depth: int = 2
    dconv_compress: int = 8
    t_layers: int = 5
    t_heads: int = 8
    t_hidden_scale: float = 4.0
    segment_samples: int = 343_980

    @property
    def hop(self) -> int:
        """Samples between two frames of the STFT."""
        return self.n_fft // 4

    @property
    def frames(self) -> int:
        """Frames of a segment's STFT."""
        return -(-self.segment_samples // self.hop)

    @property
    def bins(self) -> int:
        """Bins of a frame: all but the highest."""
        return self.n_fft // 2

    @property
    def width(self) -> int:
        """Channels of the transformer."""
        return self.bottom_channels or self.inner

    @property
    def inner(self) -> int:
        """Channels of the innermost layer."""
        return self.channels * int(self.growth ** (self.depth - 1))

    @cached_property
    def lengths(self) -> list[int]:
        """Samples of the wave branch before each layer, and after the last."""
        lengths = [self.segment_samples]
        for _ in range(self.depth):
            lengths.append(-(-lengths[-1] // _STRIDE))
        return lengths

    def graph(self) -> Model:
        """Return the graph."""
        return _Writer(self).write()

    def derived(self) -> Mapping[str, NDArray[np.float32]]:
        """Compute the tensors that follow from the shape alone: the positions of the transformer's tokens."""
        bins = self.bins // _STRIDE**self.depth
        return {
            POSITION: positions_2d(self.width, bins, self.frames),
            POSITION_T: positions(self.width, self.lengths[-1]),
        }


class _Writer:
    def __init__(self, shape: HtDemucs) -> None:
        self._shape = shape
        self._graph = Graph("HTDemucs")

    def write(self) -> Model:
        shape, graph = self._shape, self._graph
        channels, count = shape.audio_channels, len(shape.sources)
        spectrum = graph.input("spectrum", (1, 2 * channels, shape.bins, shape.frames))
        wave = graph.input("wave", (1, channels, shape.segment_samples))
        skips: list[tuple[str, str]] = []
        widths = [shape.channels * shape.growth**index for index in range(shape.depth)]
        before, before_t = 2 * channels, channels
        for index, width in enumerate(widths):
            wave = self._encoder(wave, f"tencoder.{index}", before_t, width, wave_of=index)
            spectrum = self._encoder(spectrum, f"encoder.{index}", before, width)
            if index == 0:
                spectrum = graph.op("Add", spectrum, self._embedding(width))
            skips.append((spectrum, wave))
            before = before_t = width
        spectrum, wave = self._transformer(spectrum, wave)
        for index in range(shape.depth):
            width = widths[-1 - index]
            last = index == shape.depth - 1
            after, after_t = (2 * channels * count, channels * count) if last else (widths[-2 - index],) * 2
            skip, skip_t = skips.pop()
            spectrum = self._decoder(spectrum, skip, f"decoder.{index}", width, after, last=last)
            length = shape.lengths[-2 - index]
            wave = self._decoder(wave, skip_t, f"tdecoder.{index}", width, after_t, last=last, length=length)
        graph.output(spectrum, "spectra", (1, 2 * channels * count, shape.bins, shape.frames))
        graph.output(wave, "waves", (1, channels * count, shape.segment_samples))
        return graph.model()

    def _encoder(self, value: str, name: str, inputs: int, outputs: int, wave_of: int | None = None) -> str:
        graph = self._graph
        flat = wave_of is not None
        if wave_of is None:
            value = self._conv(
                value, f"{name}.conv", inputs, outputs, (_KERNEL, 1), strides=[_STRIDE, 1], pads=[_PAD, 0, _PAD, 0]
            )
        else:
            # As many zeros as bring the length to a multiple of the stride, and the layer's own.
            more = -self._shape.lengths[wave_of] % _STRIDE
            value = self._conv(
                value, f"{name}.conv", inputs, outputs, (_KERNEL,), strides=[_STRIDE], pads=[_PAD, _PAD + more]
            )
        value = self._dconv(graph.op("Gelu", value), f"{name}.dconv", outputs, flat=flat)
        ones = (1,) if flat else (1, 1)
        return glu(graph, self._conv(value, f"{name}.rewrite", outputs, 2 * outputs, ones))

    def _decoder(
        self, value: str, skip: str, name: str, inputs: int, outputs: int, *, last: bool, length: int | None = None
    ) -> str:
        graph = self._graph
        flat = length is not None
        value = graph.op("Add", value, skip)
        threes, ones = ((3,), [1, 1]) if flat else ((3, 3), [1, 1, 1, 1])
        value = glu(graph, self._conv(value, f"{name}.rewrite", inputs, 2 * inputs, threes, pads=ones))
        value = self._dconv(value, f"{name}.dconv", inputs, flat=flat)
        kernel = (_KERNEL,) if flat else (_KERNEL, 1)
        weight = graph.weight(f"{name}.conv_tr.weight", (inputs, outputs, *kernel))
        bias = graph.weight(f"{name}.conv_tr.bias", (outputs,))
        if length is None:
            value = graph.op("ConvTranspose", value, weight, bias, strides=[_STRIDE, 1], pads=[_PAD, 0, _PAD, 0])
        else:
            excess = (-(-length // _STRIDE) - 1) * _STRIDE + _KERNEL - length
            value = graph.op("ConvTranspose", value, weight, bias, strides=[_STRIDE], pads=[_PAD, excess - _PAD])
        return value if last else graph.op("Gelu", value)

    def _dconv(self, value: str, name: str, channels: int, *, flat: bool) -> str:
        """Add the residual branches: dilated convolutions along time; each bin of a spectrum is a row of its own."""
        graph, shape = self._graph, self._shape
        hidden = channels // shape.dconv_compress
        rank = 3 if flat else 4
        axes = (2, 1) if flat else (3, 1)
        for depth in range(shape.dconv_depth):
            layer = f"{name}.layers.{depth}"
            by = 2**depth
            kernel, ones = ((_DCONV_KERNEL,), (1,)) if flat else ((1, _DCONV_KERNEL), (1, 1))
            pads, dilations = ([by, by], [by]) if flat else ([0, by, 0, by], [1, by])
            inner = self._conv(value, f"{layer}.0", channels, hidden, kernel, pads=pads, dilations=dilations)
            inner = graph.op("Gelu", group_norm(graph, inner, f"{layer}.1", hidden, axes, rank))
            inner = self._conv(inner, f"{layer}.3", hidden, 2 * channels, ones)
            inner = glu(graph, group_norm(graph, inner, f"{layer}.4", 2 * channels, axes, rank))
            scale = graph.weight(f"{layer}.6.scale", (1, channels, *(1,) * (rank - 2)))
            value = graph.op("Add", value, graph.op("Mul", inner, scale))
        return value

    def _conv(
        self, value: str, name: str, inputs: int, outputs: int, kernel: tuple[int, ...], **attributes: Any
    ) -> str:
        weight = self._graph.weight(f"{name}.weight", (outputs, inputs, *kernel))
        return self._graph.op("Conv", value, weight, self._graph.weight(f"{name}.bias", (outputs,)), **attributes)

    def _embedding(self, channels: int) -> str:
        graph = self._graph
        bins = self._shape.bins // _STRIDE
        stored = graph.weight("freq_emb.embedding.weight", (bins, channels))
        scaled = graph.op("Mul", graph.op("Transpose", stored, perm=[1, 0]), graph.constant(_EMBEDDING_GAIN))
        return graph.op("Unsqueeze", scaled, graph.constant([0, 3]))

    # The transformer: both branches as [tokens, width].

    def _transformer(self, spectrum: str, wave: str) -> tuple[str, str]:
        graph, shape = self._graph, self._shape
        width, inner = shape.width, shape.inner
        bins = shape.bins // _STRIDE**shape.depth
        # [1, c, bins, frames] -> [frames × bins, c]; [1, c, t] -> [t, c]
        tokens = graph.op("Reshape", graph.op("Transpose", spectrum, perm=[0, 3, 2, 1]), graph.constant([-1, inner]))
        tokens_t = graph.op("Reshape", graph.op("Transpose", wave, perm=[0, 2, 1]), graph.constant([-1, inner]))
        tokens = self._resized(tokens, "channel_upsampler", inner, width)
        tokens_t = self._resized(tokens_t, "channel_upsampler_t", inner, width)
        name = "crosstransformer"
        count, count_t = bins * shape.frames, shape.lengths[-1]
        tokens = graph.op(
            "Add", layer_norm(graph, tokens, f"{name}.norm_in", width), graph.weight(POSITION, (count, width))
        )
        tokens_t = graph.op(
            "Add", layer_norm(graph, tokens_t, f"{name}.norm_in_t", width), graph.weight(POSITION_T, (count_t, width))
        )
        for index in range(shape.t_layers):
            if index % 2 == 0:
                tokens, tokens_t = (
                    self._own(tokens, f"{name}.layers.{index}"),
                    self._own(tokens_t, f"{name}.layers_t.{index}"),
                )
            else:
                tokens, tokens_t = (
                    self._cross(tokens, tokens_t, f"{name}.layers.{index}"),
                    self._cross(tokens_t, tokens, f"{name}.layers_t.{index}"),
                )
        tokens = self._resized(tokens, "channel_downsampler", width, inner)
        tokens_t = self._resized(tokens_t, "channel_downsampler_t", width, inner)
        shaped = graph.op("Reshape", tokens, graph.constant([1, shape.frames, bins, inner]))
        shaped_t = graph.op("Unsqueeze", tokens_t, graph.constant([0]))
        return graph.op("Transpose", shaped, perm=[0, 3, 2, 1]), graph.op("Transpose", shaped_t, perm=[0, 2, 1])

    def _resized(self, tokens: str, name: str, inputs: int, outputs: int) -> str:
        if not self._shape.bottom_channels:
            return tokens
        return linear(self._graph, tokens, f"{name}.weight", f"{name}.bias", inputs, outputs)

    def _own(self, tokens: str, name: str) -> str:
        graph, width = self._graph, self._shape.width
        normed = layer_norm(graph, tokens, f"{name}.norm1", width)
        attn = f"{name}.self_attn"
        joined = linear(graph, normed, f"{attn}.in_proj_weight", f"{attn}.in_proj_bias", width, 3 * width)
        query, key, value = graph.ops("Split", joined, count=3, axis=1, num_outputs=3)
        attended = self._attended(query, key, value, attn)
        tokens = graph.op("Add", tokens, self._scaled(attended, f"{name}.gamma_1"))
        return self._fed_forward(tokens, name, "norm2")

    def _cross(self, tokens: str, others: str, name: str) -> str:
        graph, width = self._graph, self._shape.width
        attn = f"{name}.cross_attn"
        weights = f"{attn}.in_proj_weight", f"{attn}.in_proj_bias"
        normed = layer_norm(graph, tokens, f"{name}.norm1", width)
        normed_others = layer_norm(graph, others, f"{name}.norm2", width)
        query = linear(graph, normed, *weights, width, width, rows=(0, width))
        joined = linear(graph, normed_others, *weights, width, 2 * width, rows=(width, 3 * width))
        key, value = graph.ops("Split", joined, count=2, axis=1, num_outputs=2)
        attended = self._attended(query, key, value, attn)
        tokens = graph.op("Add", tokens, self._scaled(attended, f"{name}.gamma_1"))
        return self._fed_forward(tokens, name, "norm3")

    def _attended(self, query: str, key: str, value: str, name: str) -> str:
        width = self._shape.width
        attended = attention(self._graph, query, key, value, self._shape.t_heads)
        return linear(self._graph, attended, f"{name}.out_proj.weight", f"{name}.out_proj.bias", width, width)

    def _fed_forward(self, tokens: str, name: str, norm: str) -> str:
        graph, width = self._graph, self._shape.width
        hidden = int(width * self._shape.t_hidden_scale)
        inner = layer_norm(graph, tokens, f"{name}.{norm}", width)
        inner = graph.op("Gelu", linear(graph, inner, f"{name}.linear1.weight", f"{name}.linear1.bias", width, hidden))
        inner = linear(graph, inner, f"{name}.linear2.weight", f"{name}.linear2.bias", hidden, width)
        tokens = graph.op("Add", tokens, self._scaled(inner, f"{name}.gamma_2"))
        return token_group_norm(graph, tokens, f"{name}.norm_out", width)

    def _scaled(self, tokens: str, name: str) -> str:
        return self._graph.op("Mul", tokens, self._graph.weight(f"{name}.scale", (self._shape.width,)))
