"""The tempo that a bounce's own metadata names; one that nobody wrote down is never guessed.

Sources: the acid chunk (undocumented; its layout as libsndfile reads it), ASWG-G006 (iXML's ASWG block), Steinberg's
iXML attributes (MusicalTempo), Adobe XMP Specification Part 2 (xmpDM:tempo) and Part 3 (RIFF's _PMX chunk), and the
tags that ffmpeg reads: ID3v2's TBPM (also in WAVE and AIFF), Vorbis' and APE's BPM, CAF's tempo.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.audio.ffmpeg import executable, open_foreign
from bridge.audio.riff import Riff, payload, read_riff
from bridge.errors import EngineUnavailable

SLOWEST_BPM, FASTEST_BPM = 20.0, 999.0
"""What is outside is a field that was never filled in."""

_ACID = struct.Struct("<IHHfIHHf")
_ONE_SHOT = 1
_LONGEST = 1 << 20
_TAG_TIMEOUT_S = 30.0
_NUMBER = rb"([0-9]{1,5}(?:[.,][0-9]{1,12})?)"
_TEMPO = re.compile(rb"<tempo>\s*" + _NUMBER + rb"\s*</tempo>", re.IGNORECASE)
_STEINBERG = re.compile(rb"<NAME>MusicalTempo</NAME>\s*(?:<TYPE>\w*</TYPE>\s*)?<VALUE>\s*" + _NUMBER + rb"\s*</VALUE>")
_XMP = re.compile(rb"xmpDM:tempo(?:>|=[\"'])\s*" + _NUMBER)
_TAG = re.compile(rb"^(?:TBPM|BPM|TEMPO)=\s*" + _NUMBER, re.IGNORECASE | re.MULTILINE)


def read_tempo(bounce: Path) -> float | None:
    """Return the tempo in beats per minute that the file at `bounce` names, None where it names none.

    Raises `OSError` where the file can't be read.
    """
    riff = read_riff(bounce)
    named = _from_chunks(bounce, riff) if riff is not None else iter((_from_tags(bounce),))
    return next((round(tempo, 4) for tempo in named if tempo is not None and _plausible(tempo)), None)


def _from_chunks(bounce: Path, riff: Riff) -> Iterator[float | None]:
    for name, read in _CHUNKS.items():
        chunk = riff.first(name)
        if chunk is not None and chunk.size <= _LONGEST:
            yield read(payload(bounce, chunk))
    if any(chunk.id in (b"id3 ", b"ID3 ") for chunk in riff.chunks):
        yield _from_tags(bounce)


def _acid(content: bytes) -> float | None:
    if len(content) < _ACID.size:
        return None
    flags, *_, tempo = _ACID.unpack_from(content)
    # A one-shot (a single hit) has no tempo; the field then holds whatever the program had there.
    return None if flags & _ONE_SHOT else float(tempo)


def _ixml(content: bytes) -> float | None:
    block = content.partition(b"<ASWG>")[2].partition(b"</ASWG>")[0]
    return _number(_TEMPO.search(block) or _STEINBERG.search(content))


def _xmp(content: bytes) -> float | None:
    return _number(_XMP.search(content))


def _from_tags(bounce: Path) -> float | None:
    try:
        command = [executable(), "-nostdin", "-v", "quiet", *open_foreign(bounce)]
        command += ["-map", "0:a:0", "-c", "copy", "-t", "0", "-f", "ffmetadata", "pipe:1"]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TAG_TIMEOUT_S).stdout
    except (EngineUnavailable, subprocess.TimeoutExpired):
        return None  # a bounce is delivered without its tempo rather than not at all
    return _number(_TAG.search(said))


def _number(found: re.Match[bytes] | None) -> float | None:
    return float(found[1].replace(b",", b".")) if found else None


def _plausible(tempo: float) -> bool:
    return SLOWEST_BPM <= tempo <= FASTEST_BPM


_CHUNKS: dict[bytes, Callable[[bytes], float | None]] = {b"acid": _acid, b"iXML": _ixml, b"_PMX": _xmp}
