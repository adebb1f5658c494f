"""The graphs, with live random weights. That they compute what the reference does is shown in tests/reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.errors import EngineFailed
from bridge.separation.demucs.network import DemucsNetwork
from bridge.separation.demucs.network import separate as demucs
from bridge.separation.networks.graph import Model, Source
from bridge.separation.networks.htdemucs import HtDemucs
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.roformer import BLOCK, HEAD, Roformer
from bridge.separation.networks.session import Device
from bridge.separation.roformer.network import Chunking, RoformerNetwork
from bridge.separation.roformer.network import separate as roformer

ONE = Device(threads=1)
SMALL = HtDemucs(
    channels=8, bottom_channels=32, t_layers=3, t_heads=2, n_fft=2048, segment_samples=22_050, sources=("a", "b")
)
BANDS = (5, 1020)
SMALL_ROFORMER = Roformer(dim=16, depth=2, bands=BANDS, mask_linears=2, mask_hidden=16, mel=False, heads=2, dim_head=8)


def tensors_of(model: Model, rename: tuple[str, str] = ("", "")) -> dict[str, NDArray[np.float32]]:
    """Make a tensor of every name that the graph asks for, whole where it asks for rows."""
    chance = np.random.default_rng(1)
    made: dict[str, NDArray[np.float32]] = {}
    for name, shape in model.weights.items():
        source = Source.of(name)
        rows = shape if source.rows is None else (source.rows[1], *shape[1:])
        key = source.name.replace(*rename, 1)
        if key not in made or made[key].shape[0] < rows[0]:
            made[key] = chance.normal(0, 0.1, rows).astype(np.float32)
    return made


def roformer_tensors() -> dict[str, NDArray[np.float32]]:
    tensors = tensors_of(SMALL_ROFORMER.split())
    for layer in range(2):
        for axis in range(2):
            tensors |= tensors_of(SMALL_ROFORMER.block(1), (BLOCK, f"layers.{layer}.{axis}."))
            tensors[f"layers.{layer}.{axis}.layers.0.0.rotary_embed.freqs"] = np.ones(4, np.float32)
    for head in range(2):
        tensors |= tensors_of(SMALL_ROFORMER.head(), (HEAD, f"mask_estimators.{head}."))
    return tensors | {"final_norm.gamma": np.ones(16, np.float32)}


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize("frames", [1, 9_000, 50_000])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_stems_are_as_long_as_the_mix_at_the_networks_rate(
    tmp_path: Path, channels: int, frames: int, rate: int
) -> None:
    noise = np.random.default_rng(0).standard_normal((frames, channels)).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "mix.wav", noise, rate, subtype="FLOAT")
    network = RoformerNetwork(
        SMALL_ROFORMER, np.arange(1025), [0, 1], Chunking(samples=11_264, hop=512), roformer_tensors(), ONE
    )
    parts: list[NDArray[np.float32]] = []
    reports: list[float] = []
    with MixFile(tmp_path / "mix.wav", tmp_path) as mix:
        roformer(network, mix, parts.append, reports.append)
        count = mix.frames
        assert (count == frames) is (rate == 44_100) or frames == 1
    whole = np.concatenate(parts, axis=-1)
    assert whole.shape[1:] == (2, 2, count)
    assert np.isfinite(whole).all()
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


def test_demucs_makes_every_source_of_every_sample(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal((60_000, 2)) * 0.1
    soundfile.write(tmp_path / "mix.wav", noise, 44_100, subtype="FLOAT")
    network = DemucsNetwork(SMALL, tensors_of(SMALL.graph()), ONE)
    parts: list[NDArray[np.float32]] = []
    reports: list[float] = []
    with MixFile(tmp_path / "mix.wav", tmp_path) as mix:
        demucs(network, mix, parts.append, reports.append)
    whole = np.concatenate(parts, axis=-1)
    assert whole.shape == (1, 2, 2, 60_000)
    assert (np.abs(whole).max(axis=-1) > 0).all()
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_every_tensor_that_is_missing_or_has_another_shape_is_named() -> None:
    tensors = tensors_of(SMALL.graph())
    del tensors["encoder.0.conv.weight"]
    tensors["decoder.3.conv_tr.bias"] = np.zeros(5, np.float32)
    with pytest.raises(EngineFailed) as caught:
        DemucsNetwork(SMALL, tensors, ONE)
    assert "encoder.0.conv.weight is missing" in caught.value.message
    assert "decoder.3.conv_tr.bias has the shape (5,), not (8,)" in caught.value.message
