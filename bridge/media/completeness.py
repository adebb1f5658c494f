"""Recognise a file by its content, and judge whether it holds all the audio that it declares.

Stillness alone cannot tell a finished bounce from a stalled copy, and a decoder is no judge: it reads half a WAV
without an error. So the container itself is asked.

What cannot be told: a container that was declared in full before its data came, in a file that was preallocated to its
full length. Its tail is zeros, and zeros are also silence. There only stillness helps: the modification time moves as
long as somebody writes.
"""

from __future__ import annotations

from pathlib import Path

from bridge.files.regular import open_regular
from bridge.media.formats import HEAD_BYTES, Format, format_of
from bridge.media.id3 import behind_tags
from bridge.media.judgement import COMPLETE, CUT, AudioExtent, Judgement, Readable, read_at

STANDING_S = 60.0
"""A file that has not changed for so long is as long as it will be: a size that is missing now stays missing."""

_SHORTEST_BYTES = 16


class _Behind:
    """A file without the tag that it begins with."""

    def __init__(self, file: Readable, skipped: int) -> None:
        self._file = file
        self._skipped = skipped

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(self._skipped + offset, whence) - self._skipped

    def read(self, count: int, /) -> bytes:
        return self._file.read(count)


def recognise(file: Readable) -> Format | None:
    """Return the format of an open, seekable file, None where it is no audio or video. Raises `OSError`."""
    return format_of(read_at(file, behind_tags(file), HEAD_BYTES))


def recognise_path(path: Path) -> Format | None:
    """Open a file and recognise it. Raises `OSError`."""
    with open_regular(path, buffering=-1) as file:
        return recognise(file)


def judge(file: Readable) -> Judgement:
    """Judge an open, seekable file by what it holds, whatever its name says. Raises `OSError` only.

    A file of no known format is complete as far as we can say: the decoder gives the one clear error. A file too
    short to begin any of them, or that begins with nothing but zeros, is still to be written.
    """
    size = file.seek(0, 2)
    start = read_at(file, 0, _SHORTEST_BYTES)
    if len(start) < _SHORTEST_BYTES or not any(start):
        return CUT
    skipped = behind_tags(file)
    found = format_of(read_at(file, skipped, HEAD_BYTES))
    if found is None or found.judge is None:
        return COMPLETE
    if not skipped:
        return found.judge(file, size)
    judged = found.judge(_Behind(file, skipped), size - skipped)
    if judged.extent is None:
        return judged
    extent = AudioExtent(judged.extent.offset + skipped, judged.extent.bytes, judged.extent.as_declared)
    return Judgement(judged.verdict, extent, judged.chained)


def judge_path(path: Path) -> Judgement:
    """Open a file and judge it. Raises `OSError`."""
    with open_regular(path, buffering=-1) as file:
        return judge(file)
