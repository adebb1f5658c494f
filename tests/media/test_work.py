"""The law of every judge: on any bytes it gives a judgement, for a bounded number of bytes and of steps.

Steps are lines of our code, counted by the interpreter: the same on every machine, however busy.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.completeness import judge, recognise
from bridge.media.judgement import Judgement, Verdict
from tests.media.test_completeness import FORMATS, encoded, wave_of

MOST_BYTES = 5 << 20
MOST_STEPS = 700_000
"""About 25 ms on a machine of 2020: a pass over 128 KiB in Python is the longest that any judge does."""


class Counting(io.BytesIO):
    """Counts what is read."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        return content


def steps_of(work: Callable[[], object]) -> int:
    """Count the lines that run in the room of media."""
    count = 0

    def local(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return local

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        return local if "media" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def assert_bounded(content: bytes) -> None:
    file = Counting(content)
    assert steps_of(lambda: judge(file)) <= MOST_STEPS
    assert file.bytes_read <= MOST_BYTES


def flac_frame(total: int) -> bytes:
    """Build the header of a frame that ends at `total`, with a right CRC-8."""
    head = b"\xff\xf8\x69\x18\x00" + bytes([total - 1])
    return next(head + bytes([crc]) for crc in range(256) if not crc8(head + bytes([crc])))


def crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value


def flac_of(tail: bytes, total: int = 100) -> bytes:
    packed = (48000 << 44 | 1 << 41 | 15 << 36 | total).to_bytes(8, "big")
    info = struct.pack(">HH", 65535, 65535) + bytes(6) + packed + bytes(16)
    return b"fLaC\x80\0\0\x22" + info + tail


OGG_PAGE = b"OggS\0" + bytes(21) + b"\1\0"
HEADS = {
    "flac": flac_of(b""),
    "ogg": encoded("OGG", "VORBIS"),
    "wav": wave_of(0xFFFFFFFF, b""),
    "aiff": encoded("AIFF", "PCM_16")[:54],
    "caf": encoded("CAF", "PCM_16")[:64],
    "w64": encoded("W64", "PCM_16")[:104],
    "mp4": b"\0\0\0\x10ftypM4A \0\0\0\0",
    "mp3": b"\xff\xfb\x90\x00",
    "ts": b"\x47",
}
PATTERNS = {
    "frame headers of FLAC": flac_frame(100),
    "sync codes": b"\xff\xf8",
    "sync bytes": b"\xff",
    "pages of Ogg": OGG_PAGE,
    "names of pages": b"OggS",
    "longest pages": b"OggS\0" + bytes(21) + b"\xff" + b"\xff" * 255,
    "empty chunks": b"LIST\0\0\0\0",
    "names of chunks": b"LIST",
    "boxes": b"\0\0\0\x08free",
    "chunks of CAF": b"free" + bytes(8),
    "chunks of Wave64": b"junk" + bytes(12) + struct.pack("<Q", 24),
    "zeros": b"\0",
    "blocks of metadata": b"\x01\0\0\0",
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_adversarial_tail_costs_no_more_than_another(head: str, pattern: str) -> None:
    unit = PATTERNS[pattern]
    assert_bounded(HEADS[head] + unit * ((300 << 10) // len(unit)))


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(HEADS)),
    st.lists(st.tuples(st.sampled_from(sorted(PATTERNS)), st.integers(1, 3000)), max_size=6),
)
def test_no_mixture_of_such_tails_does_either(head: str, parts: list[tuple[str, int]]) -> None:
    assert_bounded(HEADS[head] + b"".join(PATTERNS[pattern] * count for pattern, count in parts))


@settings(max_examples=300)
@given(st.binary(max_size=400), st.sampled_from(sorted(HEADS)), st.booleans())
def test_random_bytes_never_make_a_judge_raise(rest: bytes, head: str, with_head: bool) -> None:
    content = (HEADS[head] if with_head else b"") + rest
    recognise(io.BytesIO(content))
    assert isinstance(judge(io.BytesIO(content)), Judgement)


@settings(max_examples=400)
@given(
    st.sampled_from([*FORMATS, ("AU", "PCM_16")]),
    st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=9)), min_size=1, max_size=4),
    st.integers(0, 3000),
)
def test_a_real_file_with_changed_bytes_never_makes_a_judge_raise(
    row: tuple[str, str], changes: list[tuple[int, bytes]], length: int
) -> None:
    content = bytearray(encoded(*row, 500))
    for at, change in changes:
        content[at : at + len(change)] = change
    found = judge(io.BytesIO(bytes(content[:length])))
    assert found.extent is None or found.extent.bytes >= 0


@pytest.mark.parametrize("size", [(1 << 64) - 1, (1 << 64) - 8, 1 << 63, (1 << 63) - 1, (1 << 63) - 40])
def test_a_chunk_of_wave64_near_the_largest_number_is_judged(size: int) -> None:
    content = bytearray(encoded("W64", "PCM_16"))
    content[56:64] = struct.pack("<Q", size)
    assert judge(io.BytesIO(bytes(content))).verdict is Verdict.CUT
