"""What a look at a container can say, and the two reads that every walk is made of."""

from __future__ import annotations

from enum import Enum
from typing import BinaryIO

MAX_CHUNKS = 4096
"""No bounce has more; a walk that gets there is walking through garbage."""


class Verdict(Enum):
    """Whether a file holds what its container declares."""

    COMPLETE = "complete"
    """All declared data lies within the file, or the file is no container that we know: the decoder judges."""
    UNSIZED = "unsized"
    """The container does not say yet how long it is. Usually it is still being written; a few writers (pipes) never
    come back to say it."""
    CUT = "cut"
    """The container declares more than the file holds."""


def read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Return up to `count` bytes from `offset`; fewer where the file ends."""
    file.seek(offset)
    return file.read(count)


def declared_to_be_unknown(size: int, bits: int) -> bool:
    """Say whether a size field is a writer's placeholder: nothing yet, or all ones."""
    return size in (0, (1 << bits) - 1)


def end_of_form(data_end: int, form_end: int) -> int:
    """Return the offset that an IFF-like file must reach: where its audio ends, and where the whole form ends.

    A missing pad byte after an odd last chunk is forgiven: some writers leave it out, and no audio lies there.
    """
    if data_end % 2 == 1 and form_end == data_end + 1:
        return data_end
    return max(data_end, form_end)
