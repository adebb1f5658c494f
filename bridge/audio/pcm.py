"""Read plain PCM from WAV, Wave64 and AIFF where libsndfile would read other bytes than the audio.

It trusts the sizes in the header, which overflow, are placeholders or count too much; and it takes 24 bits in a word
of 4 bytes for packed ones. Layouts: Microsoft WAVEFORMATEX and WAVEFORMATEXTENSIBLE; Apple AIFF-C (1991), COMM.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.audio.canonical import BLOCK_FRAMES, Block
from bridge.audio.wavheader import EXTENSIBLE, FLOAT, PCM
from bridge.media.chunks import Order, walk
from bridge.media.judgement import AudioExtent, Readable, read_at
from bridge.units import Hz

_WAVE64 = b"riff\x2e\x91\xcf\x11"
_AIFC_KINDS = {
    b"NONE": (">", "i"), b"twos": (">", "i"), b"in24": (">", "i"), b"in32": (">", "i"), b"sowt": ("<", "i"),
    b"raw ": (">", "u"), b"fl32": (">", "f"), b"FL32": (">", "f"), b"fl64": (">", "f"), b"FL64": (">", "f"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """How the samples lie in the file. `kind` is numpy's: i, u or f; `bits` are the valid ones of a sample."""

    sample_rate: Hz
    channels: int
    sample_bytes: int
    bits: int
    kind: str
    order: str
    mask: int = 0

    @property
    def padded(self) -> bool:
        """Whether a sample's word is longer than its bits need."""
        return self.kind == "i" and self.sample_bytes > -(-self.bits // 8)

    @property
    def frame_bytes(self) -> int:
        """The length of a frame."""
        return self.channels * self.sample_bytes


def pcm_format(path: Path) -> PcmFormat | None:
    """Return the layout of a WAV, Wave64 or AIFF file, None for other files and other codings. Raises `OSError`."""
    with path.open("rb") as file:
        head = read_at(file, 0, 12)
        if head[:4] == b"FORM":
            return _usable(_from_comm(_content(file, b"COMM", ">"), head[8:12]))
        if head[:8] == _WAVE64:
            return _usable(_from_fmt(_wave64_fmt(file), "<"))
        order: Order = ">" if head[:4] == b"RIFX" else "<"
        is_wave = head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64")
        return _usable(_from_fmt(_content(file, b"fmt ", order), order)) if is_wave else None


def read_pcm(path: Path, form: PcmFormat, extent: AudioExtent) -> Iterator[Block]:
    """Yield the samples within `extent` as float32 blocks [frames, channels]; a last partial frame is left out.

    Raises `OSError`.
    """
    left = extent.bytes // form.frame_bytes
    with path.open("rb") as file:
        file.seek(extent.offset)
        scale: np.float64 | None = None
        while left > 0 and (content := file.read(min(left, BLOCK_FRAMES) * form.frame_bytes)):
            frames = len(content) // form.frame_bytes
            words = _words(content[: frames * form.frame_bytes], form)
            if scale is None:
                scale = _scale(words, form)
            yield _as_float(words, form, scale).reshape(frames, form.channels)
            left -= frames


def _words(content: bytes, form: PcmFormat) -> NDArray[np.generic]:
    if form.sample_bytes != 3:
        return np.frombuffer(content, f"{form.order}{form.kind}{form.sample_bytes}")
    triples = np.frombuffer(content, np.uint8).reshape(-1, 3)
    words = np.zeros((len(triples), 4), np.uint8)
    words[:, 1:] = triples if form.order == "<" else triples[:, ::-1]
    return words.reshape(-1).view("<i4")


def _scale(words: NDArray[np.generic], form: PcmFormat) -> np.float64:
    """Return the value of one step, from the file's first samples.

    Valid bits stand at the top of a longer word. Some writers put them at the bottom: then all samples are small.
    """
    word_bits = 8 * words.dtype.itemsize
    if form.padded:
        whole = words.astype(np.int64)
        limit = 1 << (form.bits - 1)
        at_bottom = bool(
            ((whole >= -limit) & (whole < limit)).all() and (whole & ((1 << (word_bits - form.bits)) - 1)).any()
        )
        if at_bottom:
            return np.float64(2.0 ** (1 - form.bits))
    return np.float64(2.0 ** (1 - word_bits))


def _as_float(words: NDArray[np.generic], form: PcmFormat, scale: np.float64) -> Block:
    if form.kind == "f":
        with np.errstate(over="ignore"):
            return words.astype(np.float32)
    samples = words.astype(np.float32)
    if form.kind == "u":
        samples -= np.float32(1 << (8 * form.sample_bytes - 1))
    samples *= np.float32(scale)
    return samples


def _from_fmt(content: bytes, order: Order) -> PcmFormat | None:
    if len(content) < 16:
        return None
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from(f"{order}HHIIHH", content)
    mask = 0
    if tag == EXTENSIBLE and len(content) >= 26:
        mask, tag = struct.unpack_from(f"{order}IH", content, 20)
    if tag not in (PCM, FLOAT) or not channels or frame_bytes % channels:
        return None
    sample_bytes = frame_bytes // channels
    kind = "f" if tag == FLOAT else "u" if sample_bytes == 1 else "i"
    return PcmFormat(Hz(rate), channels, sample_bytes, bits, kind, order, mask)


def _from_comm(content: bytes, form_type: bytes) -> PcmFormat | None:
    if len(content) < 18:
        return None
    channels, _, bits, exponent, mantissa = struct.unpack_from(">hIhHQ", content)
    kind = content[18:22] if form_type == b"AIFC" else b"NONE"
    if kind not in _AIFC_KINDS or not 0 <= exponent - 16383 < 32:
        return None
    order, letter = _AIFC_KINDS[kind]
    return PcmFormat(Hz(mantissa >> (63 - (exponent - 16383))), channels, -(-bits // 8), bits, letter, order)


def _usable(form: PcmFormat | None) -> PcmFormat | None:
    if form is None or form.channels < 1 or form.sample_rate < 1 or not 0 < form.bits <= 8 * form.sample_bytes:
        return None
    sizes = {"f": (4, 8), "u": (1,), "i": (1, 2, 3, 4)}[form.kind]
    return form if form.sample_bytes in sizes else None


def _content(file: Readable, wanted: bytes, order: Order) -> bytes:
    found = ((offset, size) for name, offset, size in walk(file, 12, order) if name == wanted)
    offset, size = next(found, (0, 0))
    return read_at(file, offset, min(size, 64))


def _wave64_fmt(file: Readable) -> bytes:
    position = 40
    for _ in range(64):
        header = read_at(file, position, 24)
        size = int.from_bytes(header[16:24], "little")
        if len(header) < 24 or size < 24:
            break
        if header[:4] == b"fmt ":
            return read_at(file, position + 24, min(size - 24, 64))
        position += (size + 7) & ~7
    return b""
