"""The result of judging a container, and the bounded reads that every judge is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

MAX_CHUNKS = 4096
"""No bounce has more chunks. A walk that gets this far is walking through garbage, and stops."""

_LARGEST_OFFSET = (1 << 63) - 1


class Readable(Protocol):
    """What a judge reads: an open binary file, or a part of one."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to an offset."""
        ...

    def read(self, count: int, /) -> bytes:
        """Return up to `count` bytes."""
        ...


class Verdict(Enum):
    """Whether a file holds the audio that its container declares."""

    COMPLETE = "complete"
    """All declared audio is in the file, or no judge knows the format and the decoder decides."""
    UNSETTLED = "unsettled"
    """No audio is known to be missing, but the header is not final: a size is missing, is a placeholder, or counts
    bytes that are not there. Wait until the file stands still; what is there then is all of it."""
    CUT = "cut"
    """Audio is missing: the container declares more of it than the file holds."""


@dataclass(frozen=True, slots=True)
class AudioExtent:
    """Where the audio lies in the file, in bytes."""

    offset: int
    bytes: int
    as_declared: bool = True
    """False where the header says something else, so that a decoder that trusts the header reads the wrong bytes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what the judge learned on the way."""

    verdict: Verdict
    extent: AudioExtent | None = None
    """For containers with one piece of plain audio (WAV, AIFF, Wave64, CAF, AU), where that piece was found."""
    chained: bool = False
    """The file holds several streams one after the other (chained Ogg). Some decoders stop after the first."""


COMPLETE = Judgement(Verdict.COMPLETE)
UNSETTLED = Judgement(Verdict.UNSETTLED)
CUT = Judgement(Verdict.CUT)


def read_at(file: Readable, offset: int, count: int) -> bytes:
    """Return up to `count` bytes from `offset`: fewer where the file ends, none for an offset that no file has."""
    if not 0 <= offset <= _LARGEST_OFFSET:
        return b""
    file.seek(offset)
    return file.read(count)


def is_placeholder(size: int, bits: int = 32) -> bool:
    """Say whether a size field holds what writers put there before they know the size.

    Programs that write into a pipe leave all ones, the largest signed number, or one of these less a header or
    rounded to a block (sox `7ffff000`, arecord `80000000`, ffmpeg `ffffffff`).
    """
    if bits == 64:
        return size == 0 or size >= 1 << 62
    return size == 0 or 0x7FFFF000 <= size <= 0x80001000 or size >= 0xFFFFF000
