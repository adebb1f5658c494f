"""Layers that several networks share, as nodes of a `Graph`. Values are [1, channels, ...] or [tokens, channels].

Norms over a long axis take their means in two stages (first over time, then over channels): one sum over hundreds of
thousands of float32 values loses 50 dB of accuracy, and so does onnxruntime's InstanceNormalization.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.separation.networks.graph import Graph

EPSILON = 1e-5


def group_norm(graph: Graph, value: str, name: str, channels: int, axes: Sequence[int], rank: int) -> str:
    """Normalise over `axes` (taken one after the other, in two stages), then scale and shift each channel (axis 1).

    It is torch's GroupNorm with one group, where `axes` are all but the batch and those that stand for a batch.
    """
    shape = (1, channels, *(1,) * (rank - 2))
    centred = graph.op("Sub", value, _mean(graph, value, axes))
    variance = _mean(graph, graph.op("Mul", centred, centred), axes)
    deviation = graph.op("Sqrt", graph.op("Add", variance, graph.constant(EPSILON)))
    gain = graph.op("Div", graph.weight(f"{name}.weight", shape), deviation)
    return graph.op("Add", graph.op("Mul", centred, gain), graph.weight(f"{name}.bias", shape))


def token_group_norm(graph: Graph, tokens: str, name: str, channels: int) -> str:
    """Normalise [tokens, channels] over both axes, then scale and shift each channel."""
    centred = graph.op("Sub", tokens, _mean(graph, tokens, (0, 1)))
    variance = _mean(graph, graph.op("Mul", centred, centred), (0, 1))
    deviation = graph.op("Sqrt", graph.op("Add", variance, graph.constant(EPSILON)))
    gain = graph.op("Div", graph.weight(f"{name}.weight", (channels,)), deviation)
    return graph.op("Add", graph.op("Mul", centred, gain), graph.weight(f"{name}.bias", (channels,)))


def layer_norm(graph: Graph, tokens: str, name: str, channels: int) -> str:
    """Normalise each token over its channels, then scale and shift each channel."""
    weight, bias = (graph.weight(f"{name}.{part}", (channels,)) for part in ("weight", "bias"))
    return graph.op("LayerNormalization", tokens, weight, bias, axis=-1, epsilon=EPSILON)


def linear(
    graph: Graph, tokens: str, weight: str, bias: str, inputs: int, outputs: int, rows: tuple[int, int] | None = None
) -> str:
    """Multiply [tokens, inputs] by the transpose of a weight [outputs, inputs], or of `rows` of it, and add a bias."""
    parts = graph.weight(weight, (outputs, inputs), rows), graph.weight(bias, (outputs,), rows)
    return graph.op("Gemm", tokens, *parts, transB=1)


def glu(graph: Graph, value: str, axis: int = 1) -> str:
    """Halve the channels: the first half, times the sigmoid of the second."""
    first, second = graph.ops("Split", value, count=2, axis=axis, num_outputs=2)
    return graph.op("Mul", first, graph.op("Sigmoid", second))


def attention(graph: Graph, query: str, key: str, value: str, heads: int) -> str:
    """Attend [tokens, channels] to others, by the fused node of onnxruntime; no mask."""
    front = graph.constant([0])
    batched = [graph.op("Unsqueeze", each, front) for each in (query, key, value)]
    attended = graph.op("MultiHeadAttention", *batched, domain="com.microsoft", num_heads=heads)
    return graph.op("Squeeze", attended, front)


def _mean(graph: Graph, value: str, axes: Sequence[int]) -> str:
    for axis in axes:
        value = graph.op("ReduceMean", value, graph.constant([axis]), keepdims=1)
    return value
