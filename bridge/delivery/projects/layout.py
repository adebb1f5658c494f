"""What every project file says of a delivery: which tracks, what is on them, and where they begin."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bridge.delivery.importing import colour
from bridge.delivery.receipt import Receipt, Stem

_SMALLEST = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Track:
    """A stem on a track of its own."""

    name: str
    colour: int
    """0xRRGGBB."""
    file: str
    """The stem's name, in the folder of the project file."""
    container: str
    """The first word of the receipt's format: "wav" or "flac"."""
    sample_rate: int
    frames: int
    channels: int

    @property
    def seconds(self) -> str:
        """How long the stem is, as a decimal number of seconds."""
        return decimal_seconds(self.frames, self.sample_rate)


@dataclass(frozen=True, slots=True)
class Layout:
    """The tracks of one take."""

    job: str
    song: str
    start: str
    """Where all stems begin, as a decimal number of seconds: the bounce's origin, or 0."""
    tempo: float | None
    """In beats per minute; None where the bounce does not say."""
    tracks: tuple[Track, ...]

    @property
    def sample_rate(self) -> int:
        """The rate that all stems of a take have, in Hz."""
        return self.tracks[0].sample_rate


def layout(receipt: Receipt) -> Layout:
    """Return the tracks of a take; names are made fit for a line of text."""
    return Layout(
        job=receipt.job,
        song=printable(receipt.song),
        start=decimal_seconds(receipt.source.time_reference, receipt.source.sample_rate),
        tempo=receipt.source.tempo,
        tracks=tuple(_tracks(receipt.stems)),
    )


def decimal_seconds(frames: int, sample_rate: int) -> str:
    """Return a moment without an exponent and without the error of a float: exact to 10⁻¹² s.

    >>> decimal_seconds(100, 48_000), decimal_seconds(172_800_000, 48_000)
    ('0.002083333333', '3600')
    """
    exact = Fraction(frames, sample_rate)
    rounded = (Decimal(exact.numerator) / exact.denominator).quantize(_SMALLEST).normalize()
    return f"{rounded:f}"


def printable(text: str) -> str:
    """Return `text` with a space for what ends a line, and a question mark for what XML 1.0 and UTF-8 do not hold."""
    return "".join(_printable(char) for char in text)


def _printable(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "?" if category == "Cs" or ord(char) & 0xFFFE == 0xFFFE else char


def _tracks(stems: Iterable[Stem]) -> Iterable[Track]:
    for stem in stems:
        yield Track(
            name=printable(stem.name),
            colour=colour(stem.name),
            file=stem.file,
            container=stem.format.partition(" ")[0],
            sample_rate=stem.sample_rate,
            frames=stem.frames,
            channels=stem.channels,
        )
