"""Build what stands before the samples of a WAV file, from sizes that are known beforehand.

Sources: Microsoft RIFF and WAVEFORMATEXTENSIBLE; EBU Tech 3285 (BWF: bext before fmt); EBU Tech 3306 v1.1 (RF64:
ds64 first, the 32-bit sizes 0xFFFFFFFF).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.audio.riff import UNKNOWN_SIZE
from bridge.units import Frames, Hz

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")

Payloads = Sequence[tuple[bytes, bytes]]
"""Chunks to write: four letters and the payload of each."""

DS64_PLACEHOLDER = (b"JUNK", bytes(28))
"""As long as a ds64 chunk, so that a header may become RF64 once the length is known (EBU Tech 3306, section 3.5)."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What the fmt chunk says. `mask` names the speakers of a multichannel file, 0 where that is not known."""

    sample_rate: Hz
    channels: int
    bits: int
    float_samples: bool
    mask: int = 0

    @property
    def frame_bytes(self) -> int:
        """How long a frame is."""
        return self.channels * self.bits // 8


def chunk(chunk_id: bytes, content: bytes) -> bytes:
    """Return one chunk, padded to an even length."""
    return struct.pack("<4sI", chunk_id, len(content)) + content + bytes(len(content) % 2)


def chunks(payloads: Payloads) -> bytes:
    """Return several chunks, one after the other."""
    return b"".join(chunk(*payload) for payload in payloads)


def wav_header(form: WavFormat, frames: Frames, before: Payloads = (), after_bytes: int = 0) -> bytes:
    """Return everything up to the first sample: RIFF where all sizes fit in 32 bits, else RF64.

    `before` are the chunks to put before fmt (bext); their length is made even, since libsndfile does not open an RF64
    with an odd one. `after_bytes` is the length of what will follow the samples and their pad byte. In RF64 a
    `DS64_PLACEHOLDER` in `before` gives its room to the real thing, so that both forms have the same length.
    """
    data_bytes = frames * form.frame_bytes
    after = data_bytes % 2 + after_bytes
    body = chunks([(name, content + bytes(len(content) % 2)) for name, content in before]) + _fmt(form)
    plain = b"WAVE" + body + (_fact(frames) if form.float_samples else b"")
    riff_bytes = len(plain) + 8 + data_bytes + after
    if riff_bytes < UNKNOWN_SIZE:
        return struct.pack("<4sI", b"RIFF", riff_bytes) + plain + struct.pack("<4sI", b"data", data_bytes)
    large = chunks([(n, c + bytes(len(c) % 2)) for n, c in before if (n, c) != DS64_PLACEHOLDER]) + _fmt(form)
    large += _fact(Frames(UNKNOWN_SIZE)) if form.float_samples else b""
    riff_bytes = 4 + 36 + len(large) + 8 + data_bytes + after
    ds64 = chunk(b"ds64", struct.pack("<QQQI", riff_bytes, data_bytes, frames, 0))
    head = struct.pack("<4sI", b"RF64", UNKNOWN_SIZE) + b"WAVE" + ds64
    return head + large + struct.pack("<4sI", b"data", UNKNOWN_SIZE)


def _fmt(form: WavFormat) -> bytes:
    tag = FLOAT if form.float_samples else PCM
    plain = struct.pack(
        "<HIIHH",
        form.channels,
        form.sample_rate,
        form.sample_rate * form.frame_bytes,
        form.frame_bytes,
        form.bits,
    )
    if form.channels <= 2:
        return chunk(b"fmt ", struct.pack("<H", tag) + plain)
    subformat = struct.pack("<H", tag) + _SUBFORMAT_TAIL
    extension = struct.pack("<HHI", 22, form.bits, form.mask) + subformat
    return chunk(b"fmt ", struct.pack("<H", EXTENSIBLE) + plain + extension)


def _fact(frames: Frames) -> bytes:
    return chunk(b"fact", struct.pack("<I", min(frames, UNKNOWN_SIZE)))
