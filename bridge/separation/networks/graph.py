"""Write an ONNX graph node by node.

The graph carries no weights. A tensor of the weights is an *external initialiser*: it has a name and a shape, and its
data is given to the session when it is made. The name says which part of which tensor it is (see `Source`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

OPSET = 20
_MICROSOFT_OPSET = 1
_IR_VERSION = 9
_SOURCE = re.compile(r"^(?P<name>[^\[]+)(?:\[(?P<first>\d+):(?P<last>\d+)\])?$")

Shape = tuple[int, ...]
FreeShape = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an external initialiser comes from: rows `first` to `last` (all, if None) of the tensor called `name`."""

    name: str
    rows: tuple[int, int] | None = None

    @classmethod
    def of(cls, initialiser: str) -> Source:
        """Read the name of an external initialiser."""
        match = _SOURCE.match(initialiser)
        assert match is not None
        rows = None if match["first"] is None else (int(match["first"]), int(match["last"]))
        return cls(match["name"], rows)

    def __str__(self) -> str:
        return self.name if self.rows is None else f"{self.name}[{self.rows[0]}:{self.rows[1]}]"


@dataclass(frozen=True, slots=True)
class Model:
    """A finished graph."""

    data: bytes
    """A serialised ONNX `ModelProto`."""
    weights: Mapping[str, Shape]
    """The shape of each external initialiser by its name."""


class Graph:
    """A graph that grows by calls; each call returns the name of the value that its node computes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}
        self._weights: dict[str, Shape] = {}
        self._constants: dict[tuple[str, Shape, bytes], str] = {}

    def input(self, name: str, shape: FreeShape, *, integer: bool = False) -> str:
        """Declare an input of float32, or of int64; an axis with a name may have any length."""
        from onnx import TensorProto, helper

        kind = TensorProto.INT64 if integer else TensorProto.FLOAT
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: FreeShape) -> None:
        """Declare `value` an output of float32 called `name`."""
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def weight(self, name: str, shape: Shape, rows: tuple[int, int] | None = None) -> str:
        """Name a tensor of the weights, or `rows` of it; `shape` is how the graph sees it."""
        from onnx import TensorProto

        key = str(Source(name, rows))
        if key not in self._initialisers:
            tensor = TensorProto(name=key, data_type=TensorProto.FLOAT, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", "weights"
            self._initialisers[key] = tensor
            self._weights[key] = shape
        return key

    def constant(self, value: float | Sequence[int] | NDArray[Any]) -> str:
        """Put a small constant into the graph: a float32 for a float, int64 for integers."""
        from onnx import numpy_helper

        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            name = self._constants[key] = f"constant.{len(self._constants)}"
            self._initialisers[name] = numpy_helper.from_array(array, name)
        return self._constants[key]

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output."""
        return self.ops(kind, *inputs, count=1, domain=domain, **attributes)[0]

    def ops(self, kind: str, *inputs: str, count: int, domain: str = "", **attributes: Any) -> list[str]:
        """Add a node with `count` outputs."""
        from onnx import helper

        number = len(self._nodes)
        names = [f"{kind}.{number}.{index}" for index in range(count)]
        self._nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def model(self) -> Model:
        """Return the finished model."""
        from onnx import helper

        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._initialisers.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", _MICROSOFT_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="stembridge")
        return Model(bytes(model.SerializeToString(deterministic=True)), dict(self._weights))
