"""The complement of a single stem: what is left of the mix without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.audio.canonical import CanonicalWriter, blocks, float_wav
from bridge.errors import EngineFailed, StorageError


def write_complement(mix: Path, stem: Path, target: Path) -> None:
    """Write mix minus stem to `target`, block by block. All three are float32 WAV or RF64 files of one shape.

    Raises `EngineFailed` if the stem does not fit the mix, `StorageError` if the disk fails.
    """
    try:
        whole, part = float_wav(mix), float_wav(stem)
        if whole is None or part is None:
            raise EngineFailed(f"{(stem if whole else mix).name} is not a float32 WAV file.")
        shapes = [(one.sample_rate, one.channels, one.frames) for one in (whole, part)]
        if shapes[0] != shapes[1]:
            raise EngineFailed(f"The stem {stem.name} does not have the length, rate and channels of the mix.")
        with CanonicalWriter(target, whole.sample_rate, whole.channels, whole.mask) as file:
            for mixed, taken in zip(blocks(whole), blocks(part), strict=True):
                file.write((mixed.astype(np.float64) - taken).astype(np.float32))
    except OSError as error:
        raise StorageError.from_os(error, "writing the separated stems") from error
