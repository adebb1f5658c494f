"""Reads torch checkpoints: a ZIP with a pickle that says how tensors are built, and their bytes beside it.

A pickle may call anything when it is read. Ours is read by an unpickler that knows the few names which rebuild
tensors and nothing else, and even these are functions of our own: nothing of torch, and nothing of the file, is run.
"""

from __future__ import annotations

import collections
import io
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import WeightsError

_LARGEST_PICKLE = 64 * 2**20
_MOST_ENTRIES = 200_000
_TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_WRAPPERS = ("state", "state_dict", "model_state_dict")
_PREFIX = "module."


@dataclass(frozen=True, slots=True)
class _Storage:
    entry: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def open_checkpoint(path: Path) -> Mapping[str, NDArray[Any]]:
    """Return the tensors by name. Raises `WeightsError` for a damaged file or one that holds more than tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > _MOST_ENTRIES:
                raise _damaged(path, "it has too many entries")
            [index] = [info for info in archive.infolist() if info.filename.endswith("/data.pkl")]
            if index.file_size > _LARGEST_PICKLE:
                raise _damaged(path, "its index is too large")
            folder = index.filename.removesuffix("data.pkl")
            found = _Unpickler(archive.read(index), path.name).load()
            sizes = {info.filename: info.file_size for info in archive.infolist()}
        tensors = _tensors(path, found)
        for name, tensor in tensors.items():
            _check(path, name, tensor, sizes.get(f"{folder}data/{tensor.storage.entry}", -1))
    except WeightsError:
        raise
    except (zipfile.BadZipFile, ValueError, pickle.UnpicklingError, EOFError, IndexError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    return _Tensors(path, folder, tensors)


class _Tensors(Mapping[str, NDArray[Any]]):
    def __init__(self, path: Path, folder: str, tensors: Mapping[str, _Tensor]) -> None:
        self._archive, self._folder, self._tensors = zipfile.ZipFile(path), folder, tensors

    def __getitem__(self, name: str) -> NDArray[Any]:
        tensor = self._tensors[name]
        content = self._archive.read(f"{self._folder}data/{tensor.storage.entry}")
        values = np.frombuffer(content, _TYPES[tensor.storage.kind])
        if tensor.storage.kind == "BFloat16Storage":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        strides = tuple(stride * values.itemsize for stride in tensor.strides)
        return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


class _Unpickler(pickle.Unpickler):
    """Admits the names that rebuild tensors, each as a function of ours."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(io.BytesIO(content))
        self._name = name

    def find_class(self, module: str, name: str) -> Callable[..., object] | str:
        """Return what stands for a name; raise `WeightsError` for every other one."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name in _TYPES:
            return name
        raise WeightsError(
            f"{self._name} holds more than tensors: reading it would run {module}.{name}.",
            code="weights.pickle",
            advice="Take the same weights as safetensors, or from somebody you trust.",
        )

    def persistent_load(self, pid: object) -> _Storage:
        """Return what stands for the bytes of some tensors."""
        if not isinstance(pid, tuple) or len(pid) != 5 or pid[0] != "storage":
            raise pickle.UnpicklingError("an unknown kind of reference")
        _, kind, entry, _, count = pid
        if kind not in _TYPES or not isinstance(entry, str) or not entry.isalnum() or not isinstance(count, int):
            raise pickle.UnpicklingError("a storage that cannot be read")
        return _Storage(entry, kind, count)


def _rebuilt(storage: object, offset: object, shape: object, strides: object, *_rest: object) -> _Tensor:
    if not isinstance(storage, _Storage) or not isinstance(offset, int):
        raise pickle.UnpicklingError("a tensor that cannot be built")
    return _Tensor(storage, offset, _numbers(shape), _numbers(strides))


def _parameter(data: object, *_rest: object) -> object:
    return data


def _numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, Sequence) or not all(type(value) is int and value >= 0 for value in values):
        raise pickle.UnpicklingError("a shape that cannot be read")
    return tuple(values)


def _tensors(path: Path, found: object) -> dict[str, _Tensor]:
    """Find the table of tensors, perhaps within another, and take a common prefix from their names."""
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping):
        raise _damaged(path, "it holds no table of tensors")
    tensors = {str(name): tensor for name, tensor in found.items() if isinstance(tensor, _Tensor)}
    if tensors and all(name.startswith(_PREFIX) for name in tensors):
        tensors = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    return tensors


def _check(path: Path, name: str, tensor: _Tensor, size: int) -> None:
    """Raise `WeightsError` where a tensor reaches beyond the bytes that are there."""
    last = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    empty = 0 in tensor.shape
    if tensor.offset < 0 or (not empty and (last + 1) * np.dtype(_TYPES[tensor.storage.kind]).itemsize > size):
        raise _damaged(path, f"the bytes of {name} are not there")


def _damaged(path: Path, why: str) -> WeightsError:
    return WeightsError(f"{path.name} is no usable torch checkpoint: {why}.", code="weights.damaged")
