"""Write one delivered stem: WAV by our own header (see `wavheader`), FLAC by libsndfile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from bridge.audio.bwf import Metadata
from bridge.audio.canonical import Block
from bridge.audio.quantise import Quantise, packed, read_back
from bridge.audio.wavheader import WavFormat, chunks, wav_header
from bridge.errors import StorageError, UsageError
from bridge.units import Frames

FLAC_CHANNELS = 8

Write = Callable[[Block], Block]
"""Appends samples of shape [frames, channels] to an open stem, and returns them as they will be read from it.

Raises `OSError` or `StorageError`.
"""


@contextmanager
def wav_stem(path: Path, form: WavFormat, frames: Frames, metadata: Metadata, quantise: Quantise) -> Iterator[Write]:
    """Create a WAV, or RF64 where it would pass 4 GiB, of exactly `frames`; on leaving it is whole and on the disk.

    bext stands before fmt, the other chunks after the samples (EBU Tech 3285). Raises `OSError`.
    """
    bext = [(b"bext", metadata.bext)] if metadata.bext else []
    after = chunks(metadata.others)
    with path.open("wb") as file:
        file.write(wav_header(form, frames, bext, len(after)))

        def write(block: Block) -> Block:
            if form.float_samples:
                file.write(np.ascontiguousarray(block, "<f4").data)
                return block
            steps = quantise(block)
            file.write(packed(steps, form.bits // 8))
            return read_back(steps, form.bits)

        yield write
        file.write(bytes(frames * form.frame_bytes % 2) + after)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def flac_stem(path: Path, form: WavFormat, quantise: Quantise) -> Iterator[Write]:
    """Create a FLAC; on leaving it is whole and on the disk.

    It carries no metadata: libsndfile writes no foreign chunks into FLAC. Raises `UsageError` for more than 8 channels,
    `StorageError` where libsndfile can't write, and `OSError`.
    """
    if form.channels > FLAC_CHANNELS:
        raise UsageError(
            f"FLAC holds at most {FLAC_CHANNELS} channels; this bounce has {form.channels}.",
            code="normalise.flac_channels",
            advice='Set [normalise] format = "wav".',
        )
    try:
        with soundfile.SoundFile(path, "w", form.sample_rate, form.channels, f"PCM_{form.bits}", format="FLAC") as file:

            def write(block: Block) -> Block:
                steps = quantise(block)
                file.write(steps << (32 - form.bits))
                return read_back(steps, form.bits)

            yield write
    except soundfile.LibsndfileError as error:
        raise StorageError(
            f"Writing {path.name} failed: {error.error_string}",
            code="storage.failed",
            advice="Is the disk full? Free some space.",
        ) from error
    with path.open("rb+") as written:
        os.fsync(written.fileno())
