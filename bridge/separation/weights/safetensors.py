"""Reads safetensors files: 8 bytes with the header's length, a header in JSON, then the tensors' bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import WeightsError

_LONGEST_HEADER = 100 * 10**6
"""What the format's own library takes."""
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


def open_safetensors(path: Path) -> Mapping[str, NDArray[Any]]:
    """Return the tensors by name. Raises `WeightsError` for a file that is damaged or none, `OSError`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
            raise _damaged(path, "its header does not fit into it")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise _damaged(path, "its header is no JSON") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is no JSON object")
    entries = {
        name: _entry(path, name, row, size - 8 - length) for name, row in header.items() if name != "__metadata__"
    }
    return _Tensors(path, 8 + length, entries)


class _Tensors(Mapping[str, NDArray[Any]]):
    def __init__(self, path: Path, start: int, entries: Mapping[str, tuple[str, tuple[int, ...], int]]) -> None:
        self._path, self._start, self._entries = path, start, entries

    def __getitem__(self, name: str) -> NDArray[Any]:
        kind, shape, offset = self._entries[name]
        count = int(np.prod(shape))
        found = np.fromfile(self._path, _TYPES[kind], count, offset=self._start + offset)
        if kind == "BF16":  # the upper half of a float32
            found = (found.astype("<u4") << 16).view("<f4")
        return found.reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _entry(path: Path, name: str, row: object, room: int) -> tuple[str, tuple[int, ...], int]:
    try:
        assert isinstance(row, dict)
        kind, shape, (begin, end) = row["dtype"], tuple(row["shape"]), row["data_offsets"]
        assert all(type(number) is int and number >= 0 for number in (*shape, begin, end))
        size = int(np.prod(shape, dtype=object)) * np.dtype(_TYPES[kind]).itemsize
        assert begin + size == end <= room
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"the entry of {name!r} is wrong") from error
    return kind, shape, begin


def _damaged(path: Path, why: str) -> WeightsError:
    return WeightsError(f"{path.name} is no usable safetensors file: {why}.", code="weights.damaged")
