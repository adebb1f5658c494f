"""Prepares a mix for the upload: as FLAC if that is smaller and lossless, else as the float WAV that it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from bridge.audio.canonical import Block, CanonicalWriter, blocks
from bridge.audio.mix import Canonical
from bridge.audio.stemfile import FLAC_CHANNELS
from bridge.errors import StorageError
from bridge.units import Frames, Progress, no_progress

SILENCE: Final = np.float32(10 ** (-90 / 20))
"""A sample below this, -90 dBFS, counts as silence at the end."""

_FLAC_HIGHEST_RATE: Final = 655_350


@dataclass(frozen=True, slots=True)
class Upload:
    """The file to publish, and a name that says its format and nothing of the song."""

    path: Path
    name: str
    frames: Frames


def sounding_frames(mix: Canonical) -> Frames:
    """Return where the sound ends: how many frames are before the silence at the end. Raises `OSError`."""
    at = last = 0
    for block in blocks(mix):
        loud = np.flatnonzero(np.abs(block).max(axis=1) >= SILENCE)
        if len(loud):
            last = at + int(loud[-1]) + 1
        at += len(block)
    return Frames(last)


def upload_form(
    mix: Canonical, folder: Path, *, frames: Frames | None = None, flac: bool = True, progress: Progress = no_progress
) -> Upload:
    """Make the file to upload in `folder`, from the first `frames` frames of the mix, all of them by default.

    FLAC holds at most 24 bits of whole numbers: a mix with values beyond ±1.0, or with finer ones (most that a DAW made
    in floating point), goes as float WAV, as does one that FLAC cannot hold or does not make smaller. Raises
    `StorageError`.
    """
    kept = mix.frames if frames is None else frames
    try:
        bits = _whole_bits(mix, kept, progress) if flac else None
        if bits is not None:
            target = folder / "upload.flac"
            _write_flac(mix, kept, bits, target)
            if target.stat().st_size < kept * mix.channels * 4:
                return Upload(target, "mix.flac", kept)
            target.unlink()
        if kept == mix.frames:
            return Upload(mix.path, "mix.wav", kept)
        target = folder / "upload.wav"
        with CanonicalWriter(target, mix.sample_rate, mix.channels) as writer:
            for block in _first(mix, kept):
                writer.write(block)
        return Upload(target, "mix.wav", kept)
    except soundfile.LibsndfileError as error:
        raise StorageError(f"Making the file to upload failed: {error.error_string}", code="storage.failed") from error
    except OSError as error:
        raise StorageError.from_os(error, "making the file to upload") from error


def _whole_bits(mix: Canonical, kept: Frames, progress: Progress) -> int | None:
    """Return how many bits hold every sample exactly: 16, 24, or None."""
    if mix.channels > FLAC_CHANNELS or mix.sample_rate > _FLAC_HIGHEST_RATE:
        return None
    bits, done = 16, 0
    for block in _first(mix, kept):
        if bits == 16 and not _exact(block, 16):
            bits = 24
        if bits == 24 and not _exact(block, 24):
            return None
        done += len(block)
        progress(done / kept)
    return bits


def _exact(block: Block, bits: int) -> bool:
    scale = np.float32(1 << (bits - 1))
    steps = block * scale  # a power of two: exact
    return bool((np.rint(steps) == steps).all() and steps.min() >= -scale and steps.max() <= scale - 1)


def _write_flac(mix: Canonical, kept: Frames, bits: int, target: Path) -> None:
    kind = f"PCM_{bits}"
    with soundfile.SoundFile(target, "w", mix.sample_rate, mix.channels, kind, format="FLAC") as file:
        for block in _first(mix, kept):
            file.write((block * np.float32(1 << (bits - 1))).astype(np.int32) << (32 - bits))


def _first(mix: Canonical, kept: Frames) -> Iterator[Block]:
    left = int(kept)
    for block in blocks(mix):
        if left <= 0:
            return
        yield block[:left]
        left -= len(block)
