"""The canonical form of a bounce: one float32 WAV or RF64 file, read and written in blocks."""

from __future__ import annotations

import errno
import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from bridge.audio.mix import Canonical
from bridge.audio.riff import payload, read_riff
from bridge.audio.wavheader import DS64_PLACEHOLDER, EXTENSIBLE, FLOAT, Payloads, WavFormat, wav_header
from bridge.units import Frames, Hz

Block = NDArray[np.float32]
"""Samples of shape [frames, channels]; 1.0 is full scale."""

LOUDEST = 1e6
"""What is further above full scale than 120 dB is no sound but damage, like a sample that is not a number."""

BLOCK_FRAMES = 12288
"""What is made of a stereo block stays in the processor's cache, and below the size that malloc gives back at once."""


def float_wav(path: Path) -> Canonical | None:
    """Return the shape of a whole float32 WAV, RF64 or BW64 file, None for anything else. Raises `OSError`."""
    riff = read_riff(path)
    fmt, data = (riff.first(b"fmt "), riff.first(b"data")) if riff else (None, None)
    if riff is None or fmt is None or data is None or fmt.size < 16 or data.end > riff.length:
        return None
    content = payload(path, fmt)
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", content)
    mask = 0
    if tag == EXTENSIBLE and len(content) >= 26:
        tag, mask = int.from_bytes(content[24:26], "little"), int.from_bytes(content[20:24], "little")
    if tag != FLOAT or bits != 32 or not channels or frame_bytes != 4 * channels:
        return None
    return Canonical(path, Hz(rate), channels, Frames(data.size // frame_bytes), mask=mask)


def blocks(canonical: Canonical) -> Iterator[Block]:
    """Yield the samples, `BLOCK_FRAMES` at a time, each block an array of its own. Raises `OSError`."""
    riff = read_riff(canonical.path)
    data = riff.first(b"data") if riff else None
    with canonical.path.open("rb") as file:
        file.seek(data.offset if data else 0)
        left = int(canonical.frames)
        while left > 0:
            block = np.empty((min(left, BLOCK_FRAMES), canonical.channels), "<f4")
            if file.readinto(block.data) != block.nbytes:
                raise OSError(errno.EIO, "the file became shorter while it was read", str(canonical.path))
            left -= len(block)
            yield block


class ContentHash:
    """SHA-256 over the rate, the channel count and the float32 samples of a stream.

    Another container of the same samples, or other metadata, gives the same hash: the two zeros of float32 count as
    one, because integer formats have only one.
    """

    def __init__(self, sample_rate: Hz, channels: int) -> None:
        self._sha256 = hashlib.sha256(struct.pack("<II", sample_rate, channels))

    def add(self, block: Block) -> None:
        """Hash a block of shape [frames, channels]; how the stream is cut into blocks makes no difference."""
        self._sha256.update(np.add(block, np.float32(0), dtype="<f4", order="C").data)

    def hexdigest(self) -> str:
        """Return the hash of all that was added."""
        return self._sha256.hexdigest()


class CanonicalWriter:
    """Writes float32 blocks of a stream of unknown length; a context manager. Raises `OSError`."""

    def __init__(self, path: Path, sample_rate: Hz, channels: int, mask: int = 0) -> None:
        self.frames = Frames(0)
        self._form = WavFormat(sample_rate, channels, 32, float_samples=True, mask=mask)
        self._file = path.open("wb")
        self._file.write(wav_header(self._form, Frames(0), _ROOM))

    def write(self, block: Block) -> None:
        """Append a block."""
        self._file.write(np.ascontiguousarray(block, "<f4").data)
        self.frames = Frames(self.frames + len(block))

    def __enter__(self) -> CanonicalWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._file.seek(0)
                self._file.write(wav_header(self._form, self.frames, _ROOM))


_ROOM: Payloads = (DS64_PLACEHOLDER,)
