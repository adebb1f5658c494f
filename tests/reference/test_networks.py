"""Our networks beside the reference programs, on the same weights in their published formats: at most -90 dB apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.separation.demucs.network import DemucsNetwork
from bridge.separation.demucs.network import separate as demucs
from bridge.separation.networks import bands
from bridge.separation.networks.htdemucs import HtDemucs
from bridge.separation.networks.mixfile import MixFile
from bridge.separation.networks.roformer import Roformer
from bridge.separation.networks.session import Device
from bridge.separation.roformer.network import Chunking, RoformerNetwork
from bridge.separation.roformer.network import separate as roformer
from bridge.separation.weights.reading import open_tensors
from tests.reference.conftest import Reference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("reference")]

Real = NDArray[np.float32]
LIMIT_DB = -90.0
SOURCES = ("drums", "bass", "other", "vocals", "guitar", "piano")
MIXES = [(0.4, 2), (3.3, 1), (7.81, 2)]
"""Seconds and channels: shorter than a segment, and several of them with a short last one."""


def save_mix(path: Path, seconds: float, channels: int) -> None:
    noise = np.random.default_rng(7).standard_normal((round(seconds * 44_100), channels)) * 0.1 + 0.01
    soundfile.write(path, noise, 44_100, subtype="FLOAT")


def assert_equal(ours: Real, theirs: Real) -> None:
    """Hold each stem to the limit: the error's level below the stem's own."""
    assert ours.shape == theirs.shape
    for stem, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        error = 20 * np.log10(np.sqrt(np.mean((got - wanted) ** 2) / np.mean(wanted**2)))
        assert error <= LIMIT_DB, f"stem {stem}: {error:.1f} dB"


@pytest.mark.parametrize(("seconds", "channels"), MIXES)
@pytest.mark.parametrize(("name", "count", "bottom"), [("htdemucs", 4, 32), ("htdemucs_6s", 6, 0)])
def test_htdemucs_is_the_reference(
    reference: Reference, tmp_path: Path, name: str, count: int, bottom: int, seconds: float, channels: int
) -> None:
    save_mix(tmp_path / "mix.wav", seconds, channels)
    theirs = reference(name, tmp_path / "mix.wav", tmp_path)
    shape = HtDemucs(
        sources=SOURCES[:count],
        channels=8,
        n_fft=2048,
        bottom_channels=bottom,
        t_layers=3,
        t_heads=2,
        segment_samples=44_100,
    )
    network = DemucsNetwork(shape, open_tensors(tmp_path / "weights"), Device(threads=1))
    parts: list[Real] = []
    with MixFile(tmp_path / "mix.wav", tmp_path) as mix:
        demucs(network, mix, parts.append, lambda _: None)
    assert_equal(np.concatenate(parts, axis=-1)[0], theirs)


@pytest.mark.parametrize(("seconds", "channels"), MIXES)
@pytest.mark.parametrize("name", ["mel band", "bs"])
def test_the_roformers_are_the_reference(
    reference: Reference, tmp_path: Path, name: str, seconds: float, channels: int
) -> None:
    save_mix(tmp_path / "mix.wav", seconds, channels)
    theirs = reference(name, tmp_path / "mix.wav", tmp_path)
    tensors = open_tensors(tmp_path / "weights")
    mel = name == "mel band"
    cut = bands.mel(20) if mel else bands.linear()
    shape = Roformer(
        dim=32,
        depth=2,
        bands=tuple(map(len, cut)),
        mask_linears=3 if mel else 2,
        mask_hidden=tensors["mask_estimators.0.to_freqs.0.0.0.weight"].shape[0],
        mel=mel,
        heads=2,
        dim_head=16,
    )
    chunks = Chunking(44_100, hop=441) if mel else Chunking(44_032, hop=512)
    network = RoformerNetwork(shape, np.concatenate(cut), [0], chunks, tensors, Device(threads=1))
    parts: list[Real] = []
    with MixFile(tmp_path / "mix.wav", tmp_path) as mix:
        roformer(network, mix, parts.append, lambda _: None)
    assert_equal(np.concatenate(parts, axis=-1)[0], theirs)
