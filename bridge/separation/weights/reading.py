"""Tensors out of a file of weights, by their names, without torch and without running anything that is in the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bridge.errors import WeightsError
from bridge.separation.weights import checkpoint, safetensors

Tensors = Mapping[str, NDArray[Any]]

_ZIP = b"PK\x03\x04"


def open_tensors(path: Path) -> Tensors:
    """Return the tensors of a safetensors file or a torch checkpoint; each is read when it is asked for.

    Raises `WeightsError` for what is neither, is damaged, or holds more than tensors, and `OSError`.
    """
    with path.open("rb") as file:
        begin = file.read(4)
    if begin == _ZIP:
        return checkpoint.open_checkpoint(path)
    if begin[:1] == b"\x80":
        raise WeightsError(
            f"{path.name} is an old torch file, which may run anything when it is read.",
            code="weights.pickle",
            advice="Convert it to safetensors on a machine that you do not mind, or take another file.",
        )
    return safetensors.open_safetensors(path)
