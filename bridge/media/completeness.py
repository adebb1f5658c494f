"""Does the file hold all that its container declares?

Stillness alone cannot tell a finished bounce from a stalled copy, and a decoder is no judge: it reads half a WAV
without a word. So the container itself is asked.

What cannot be told: a container that was declared in full before its data came, in a file that was preallocated to its
full length. Its tail is zeros, and zeros are also silence. There only stillness helps: the modification time moves as
long as somebody writes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from bridge.media.flac import flac_verdict, is_flac
from bridge.media.iff import aiff_verdict, caf_verdict, is_aiff, is_caf
from bridge.media.mp4 import is_mp4, mp4_verdict
from bridge.media.ogg import is_ogg, ogg_verdict
from bridge.media.riff import is_wave, is_wave64, wave64_verdict, wave_verdict
from bridge.media.verdict import Verdict, read_at

_Sniffer = Callable[[bytes], bool]
_Walker = Callable[[BinaryIO, int], Verdict]

_CONTAINERS: tuple[tuple[_Sniffer, _Walker], ...] = (
    (is_wave, wave_verdict),
    (is_aiff, aiff_verdict),
    (is_flac, flac_verdict),
    (is_mp4, mp4_verdict),
    (is_wave64, wave64_verdict),
    (is_caf, caf_verdict),
    (is_ogg, ogg_verdict),
)
_HEAD_BYTES = 16


def verdict_of(file: BinaryIO) -> Verdict:
    """Judge an open, seekable file by what it holds, whatever its name says.

    A file that is none of the known containers is complete as far as we can say: the decoder gives the one clear
    error. A file too short to begin any of them, or that begins with nothing but zeros, is still to be written.
    """
    size = file.seek(0, 2)
    head = read_at(file, 0, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not any(head):
        return Verdict.CUT
    for recognises, walk in _CONTAINERS:
        if recognises(head):
            return walk(file, size)
    return Verdict.COMPLETE


def verdict_of_path(path: Path) -> Verdict:
    """Open a file and judge it. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return verdict_of(file)
