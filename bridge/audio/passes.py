"""The two passes over a mix and its raw stems.

The first measures what the gains depend on; the second makes the same samples again, resamples and writes them with
their gain, and measures what is in the files: after rounding, dither and clipping, as whoever reads them will find it.
Nothing but figures is kept in between, so that no working copies are needed.

A higher rate hardly moves the true peak (0.04 dB in the worst music-like case), and resampling is what costs most: so
the first pass measures before it, and the second finds what passes the ceiling. A lower rate moves it by decibels,
because it takes away what the peaks were made of: there the first pass resamples too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.block_sinks import BlockSink, MeasureSink, MixSink, WriteSink, drive
from bridge.audio.bwf import Metadata
from bridge.audio.canonical import Block
from bridge.audio.conform import Conform, frames_at
from bridge.audio.level import Level, LevelMeter, PeakMeter, Written
from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions
from bridge.audio.quantise import quantiser
from bridge.audio.residual import REST, NullDepth, complete, covers
from bridge.audio.sources import side_by_side
from bridge.audio.stemfile import Write, flac_stem, wav_stem
from bridge.audio.wavheader import WavFormat
from bridge.units import Db, Hz, Progress


@dataclass(frozen=True, slots=True)
class Measured:
    """What the first pass found. `mix` is None, and a loudness -inf, where no gain depends on it."""

    mix: Level | None
    stems: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the second pass found in the files, see `RenderReport`."""

    stems: tuple[Written, ...]
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
        mode, aims = self._options.mode, self._options.lufs is not None
        sinks = [self._measuring(loudness=aims and mode == "stem") for _ in self._names]
        if aims_at_mix := aims and mode == "song":
            sinks.append(self._measuring(loudness=True))
        sources = ([*stems, mix] if aims_at_mix else stems for mix, stems in self._folded())
        drive(sources, sinks, self._mix.frames, progress)
        levels = [sink.level() for sink in sinks]
        mix = levels.pop() if aims_at_mix else None
        return Measured(mix, tuple(levels))

    def write(self, gains: Sequence[Db], targets: Sequence[Path], metadata: Metadata, progress: Progress) -> Delivered:
        """Second pass: write every stem with its gain, and say what is in the files.

        Raises `UsageError`, `StorageError` and `OSError`.
        """
        origin = metadata.for_stem().rescaled(self._mix.sample_rate, self.rate)
        exact = self._options.depth == "32f" or self._options.mode == "stem"
        null = NullDepth(exact=exact) if covers(self._names) else None
        mix_lanes: list[BlockSink] = [MixSink(self._conform(self.rate), null)] if null else []
        with ExitStack() as open_files:
            sinks = [
                WriteSink(
                    self._conform(self.rate),
                    gain,
                    open_files.enter_context(self._create(target, origin)),
                    LevelMeter(self.rate, self._mix.channels),
                    null,
                )
                for gain, target in zip(gains, targets, strict=True)
            ]
            sources = ([mix, *stems] if null else stems for mix, stems in self._folded())
            drive(sources, [*mix_lanes, *sinks], self._mix.frames, progress)
        return Delivered(tuple(sink.written() for sink in sinks), null.depth_db() if null else None)

    def _folded(self) -> Iterator[tuple[Block, list[Block]]]:
        for mix, read in side_by_side(self._mix, self._read):
            yield mix, complete(mix, read, self._names)

    def _measuring(self, *, loudness: bool) -> MeasureSink:
        rate, channels = min(self.rate, self._mix.sample_rate), self._mix.channels
        return MeasureSink(self._conform(rate), LevelMeter(rate, channels) if loudness else PeakMeter(channels))

    def _conform(self, rate: Hz) -> Conform:
        mix = self._mix
        return Conform(mix.sample_rate, rate, mix.channels, frames_at(mix.frames, mix.sample_rate, rate))

    def _create(self, target: Path, origin: Metadata) -> AbstractContextManager[Write]:
        bits, in_float = self._options.bits, self._options.depth == "32f"
        form = WavFormat(self.rate, self._mix.channels, bits, in_float, origin.mask or self._mix.mask)
        quantise = quantiser(bits, seed=zlib.crc32(target.name.encode()))
        if self._options.format == "flac":
            return flac_stem(target, form, quantise)
        return wav_stem(target, form, self.frames, origin, quantise)
