"""Carry a bounce's origin (Broadcast Wave and its relatives) over to its stems.

Sources: EBU Tech 3285 v2 (bext), the iXML specification 3.01 (Gallery), Microsoft RIFF (cue, LIST adtl, smpl).
acid is undocumented; it holds no sample positions, so that it is carried as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bridge.audio import positions
from bridge.audio.riff import Chunk, Riff, payload, read_riff
from bridge.units import Hz

_CARRIED = (b"bext", b"iXML", b"cue ", b"LIST", b"acid", b"smpl")
_LONGEST = 16 << 20
_BEXT_LEAST = 602


@dataclass(frozen=True, slots=True)
class Metadata:
    """The chunks of a bounce that its stems carry too: four letters and the payload of each.

    `mask` is the bounce's speaker mask (WAVEFORMATEXTENSIBLE), 0 where it has none.
    """

    bext: bytes = b""
    others: tuple[tuple[bytes, bytes], ...] = ()
    mask: int = 0

    @property
    def time_reference(self) -> int:
        """Where the bounce begins on the session's clock, in frames since midnight; 0 where it does not say."""
        return positions.time_reference(self.bext) if self.bext else 0

    def rescaled(self, from_rate: Hz, to_rate: Hz) -> Metadata:
        """Return the same origin with every position in frames of `to_rate`."""
        if from_rate == to_rate:
            return self
        ratio = positions.Ratio(from_rate, to_rate)
        others = tuple((name, positions.rescale(name, content, ratio)) for name, content in self.others)
        return replace(self, bext=positions.rescale_bext(self.bext, ratio), others=others)

    def for_stem(self) -> Metadata:
        """Return what is true of a stem as well: not the bounce's own UMID, nor its loudness."""
        return replace(self, bext=positions.without_identity(self.bext))


def read_metadata(source: Path) -> Metadata:
    """Return what `source` carries: nothing for a file that is no WAVE, and no chunk that is cut off or malformed.

    Raises `OSError` where the file can't be read.
    """
    riff = read_riff(source)
    if riff is None:
        return Metadata()
    found = [(chunk.id, payload(source, chunk)) for chunk in riff.chunks if _wanted(chunk, riff)]
    bext = next((content for name, content in found if name == b"bext"), b"")
    others = tuple((name, content) for name, content in found if name != b"bext" and positions.sound(name, content))
    return Metadata(bext, others, _mask(source, riff))


def _wanted(chunk: Chunk, riff: Riff) -> bool:
    if chunk.id not in _CARRIED or chunk.end > riff.length or chunk.size > _LONGEST:
        return False
    return chunk.id != b"bext" or chunk.size >= _BEXT_LEAST


def _mask(source: Path, riff: Riff) -> int:
    fmt = riff.first(b"fmt ")
    content = payload(source, fmt) if fmt is not None and fmt.size <= _LONGEST else b""
    extensible = len(content) >= 40 and content[:2] == b"\xfe\xff"
    return int.from_bytes(content[20:24], "little") if extensible else 0
