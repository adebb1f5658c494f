"""Files as torch and safetensors write them, built by hand: torch is not a dependency."""

from __future__ import annotations

import collections
import contextlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import WeightsError
from bridge.separation.weights.reading import open_tensors


def save_safetensors(path: Path, tensors: dict[str, np.ndarray[Any, Any]], **about: str) -> None:
    header: dict[str, Any] = {"__metadata__": about} if about else {}
    content = b""
    for name, tensor in tensors.items():
        kind = {"float16": "F16", "float32": "F32", "int64": "I64"}[str(tensor.dtype)]
        offsets = [len(content), len(content) + tensor.nbytes]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        content += tensor.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def save_checkpoint(path: Path, table: bytes, storages: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", table)
        archive.writestr("archive/byteorder", "little")
        for entry, content in storages.items():
            archive.writestr(f"archive/data/{entry}", content)


def tensor_pickle(
    kind: str, entry: str, count: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> bytes:
    """Return the opcodes that torch writes for one tensor."""

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(integer(value) for value in values) + b"t"

    def integer(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little")

    def text(value: str) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(entry) + text("cpu") + integer(count) + b"tQ"
    ordered = b"ccollections\nOrderedDict\n)R"
    arguments = storage + integer(offset) + numbers(shape) + numbers(strides) + b"\x89" + ordered
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def table_pickle(tensors: dict[str, bytes], *wrappers: str) -> bytes:
    content = b"}("
    for name, tensor in tensors.items():
        content += b"X" + len(name).to_bytes(4, "little") + name.encode() + tensor
    content += b"u"
    for wrapper in wrappers:
        content = b"}X" + len(wrapper).to_bytes(4, "little") + wrapper.encode() + content + b"s"
    return b"\x80\x02" + content + b"."


def test_safetensors_come_back_as_they_were(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray[Any, Any]] = {
        "a": np.arange(6, dtype=np.float16).reshape(2, 3),
        "b.c": np.ones((4,), np.float32),
        "d": np.array(7),
    }
    save_safetensors(tmp_path / "a.safetensors", tensors, klass="demucs.htdemucs:HTDemucs")
    found = open_tensors(tmp_path / "a.safetensors")
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found[name], tensor)


@pytest.mark.parametrize("wrappers", [(), ("state_dict",), ("state",), ("model_state_dict",)])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_tensors_of_a_checkpoint_come_back(tmp_path: Path, wrappers: tuple[str, ...], prefix: str) -> None:
    values = np.arange(12, dtype=np.float32)
    halves = np.arange(4, dtype=np.float16)
    table = {
        f"{prefix}whole": tensor_pickle("FloatStorage", "0", 12, 0, (3, 4), (4, 1)),
        f"{prefix}turned": tensor_pickle("FloatStorage", "0", 12, 0, (4, 3), (1, 4)),
        f"{prefix}part": tensor_pickle("FloatStorage", "0", 12, 4, (2, 4), (4, 1)),
        f"{prefix}half": tensor_pickle("HalfStorage", "1", 4, 0, (4,), (1,)),
    }
    save_checkpoint(tmp_path / "a.ckpt", table_pickle(table, *wrappers), {"0": values.tobytes(), "1": halves.tobytes()})
    found = open_tensors(tmp_path / "a.ckpt")
    np.testing.assert_array_equal(found["whole"], values.reshape(3, 4))
    np.testing.assert_array_equal(found["turned"], values.reshape(3, 4).T)
    np.testing.assert_array_equal(found["part"], values.reshape(3, 4)[1:])
    np.testing.assert_array_equal(found["half"], halves)


class _Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.target,)


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "run"
    save_checkpoint(tmp_path / "a.ckpt", pickle.dumps({"a": _Evil(target)}, protocol=2), {})
    with pytest.raises(WeightsError, match="holds more than tensors") as caught:
        open_tensors(tmp_path / "a.ckpt")
    assert caught.value.code == "weights.pickle"
    assert "safetensors" in caught.value.advice
    assert not target.exists()


def test_an_old_torch_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.th").write_bytes(pickle.dumps(collections.OrderedDict(a=1)))
    with pytest.raises(WeightsError, match="old torch file"):
        open_tensors(tmp_path / "a.th")


@pytest.mark.parametrize(("offset", "shape"), [(8, (3, 4)), (0, (4, 4)), (0, (2**30, 4))])
def test_a_tensor_beyond_its_bytes_is_refused(tmp_path: Path, offset: int, shape: tuple[int, int]) -> None:
    table = {"a": tensor_pickle("FloatStorage", "0", 12, offset, shape, (4, 1))}
    save_checkpoint(tmp_path / "a.ckpt", table_pickle(table), {"0": bytes(48)})
    with pytest.raises(WeightsError, match="are not there"):
        open_tensors(tmp_path / "a.ckpt")


@given(content=st.binary(max_size=200), whole=st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, whole: bool) -> None:
    path = tmp_path_factory.mktemp("any") / "a"
    path.write_bytes(content if whole else len(content).to_bytes(8, "little") + content)
    with contextlib.suppress(WeightsError):
        dict(open_tensors(path))


@pytest.mark.parametrize(
    "row",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 800]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "X", "shape": [1], "data_offsets": [0, 4]},
        {"shape": [1]},
        [],
    ],
)
def test_a_wrong_entry_of_safetensors_is_refused(tmp_path: Path, row: object) -> None:
    text = json.dumps({"a": row}).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(WeightsError, match="the entry of 'a' is wrong"):
        open_tensors(tmp_path / "a")
