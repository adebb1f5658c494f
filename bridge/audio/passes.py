"""The two passes over a mix and its raw stems.

The first measures each stem, fitted and folded; the second makes the same samples again, resamples and writes them with
their gain. Nothing but figures is kept in between, so that no working copies are needed.

A higher rate hardly moves the true peak (0.04 dB in the worst music-like case), and resampling is what costs most: so
the first pass measures before it, and the second measures what it writes. A lower rate moves it by decibels, because it
takes away what the peaks were made of: there the first pass resamples too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.bwf import Metadata
from bridge.audio.canonical import Block
from bridge.audio.conform import Conform, frames_at
from bridge.audio.folding import REST, NullDepth, complete, covers, missing
from bridge.audio.lanes import MeasureLane, WriteLane, drive
from bridge.audio.level import Level, LevelMeter, PeakMeter
from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions
from bridge.audio.quantise import quantiser
from bridge.audio.sources import side_by_side
from bridge.audio.stemfile import Write, flac_stem, wav_stem
from bridge.audio.wavheader import WavFormat
from bridge.units import Db, DbTp, Hz, Progress


@dataclass(frozen=True, slots=True)
class Measured:
    """What the first pass found. `mix` is None where no gain depends on it."""

    mix: Level | None
    stems: tuple[Level, ...]
    null_depth_db: float | None


class Passes:
    """Both passes; `rate` and `frames` are those of every delivered stem."""

    def __init__(self, mix: Canonical, stems: Mapping[str, Path], options: RenderOptions) -> None:
        self._mix, self._options = mix, options
        self._names = tuple(stems)
        self._read = {name: path for name, path in stems.items() if name != REST}
        self.rate = Hz(options.rate or mix.sample_rate)
        self.frames = frames_at(mix.frames, mix.sample_rate, self.rate)

    def measure(self, progress: Progress) -> Measured:
        """First pass. Raises `EngineFailed` for stems that don't fit the mix, and `OSError`."""
        aims_at_mix = self._options.mode == "song" and self._options.lufs is not None
        null = NullDepth()
        rate = min(self.rate, self._mix.sample_rate)
        lanes = [
            MeasureLane(self._conform(rate), LevelMeter(rate, self._mix.channels))
            for _ in range(len(self._names) + aims_at_mix)
        ]
        sources = ([*stems, mix] if aims_at_mix else stems for mix, stems in self._folded(null))
        drive(sources, lanes, self._mix.frames, progress)
        levels = [lane.level() for lane in lanes]
        mix = levels.pop() if aims_at_mix else None
        return Measured(mix, tuple(levels), null.depth_db())

    def write(self, gains: Sequence[Db], targets: Sequence[Path], metadata: Metadata, progress: Progress) -> list[DbTp]:
        """Second pass: write every stem with its gain, and return the files' true peaks.

        Raises `UsageError`, `StorageError` and `OSError`.
        """
        origin = metadata.for_stem().rescaled(self._mix.sample_rate, self.rate)
        with ExitStack() as open_files:
            lanes = [
                WriteLane(
                    self._conform(self.rate),
                    gain,
                    open_files.enter_context(self._create(target, origin)),
                    PeakMeter(self._mix.channels),
                )
                for gain, target in zip(gains, targets, strict=True)
            ]
            drive((stems for _, stems in self._folded(None)), lanes, self._mix.frames, progress)
        return [lane.peak() for lane in lanes]

    def _folded(self, null: NullDepth | None) -> Iterator[tuple[Block, list[Block]]]:
        for mix, read in side_by_side(self._mix, self._read):
            stems = complete(mix, read, self._names)
            if null and covers(self._names):
                null.add(mix, missing(mix, stems))
            yield mix, stems

    def _conform(self, rate: Hz) -> Conform:
        mix = self._mix
        return Conform(mix.sample_rate, rate, mix.channels, frames_at(mix.frames, mix.sample_rate, rate))

    def _create(self, target: Path, origin: Metadata) -> AbstractContextManager[Write]:
        bits, in_float = self._options.bits, self._options.depth == "32f"
        form = WavFormat(self.rate, self._mix.channels, bits, in_float, origin.mask)
        quantise = quantiser(bits, seed=zlib.crc32(target.name.encode()))
        if self._options.format == "flac":
            return flac_stem(target, form, quantise)
        return wav_stem(target, form, self.frames, origin, quantise)
