"""The two passes over a mix and its raw stems.

The first measures each stem as it will be delivered (fitted, folded, resampled), the second makes the same samples
again and writes them with their gain. Nothing but figures is kept in between, so that no working copies are needed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.bwf import Metadata
from bridge.audio.canonical import Block, Canonical
from bridge.audio.conform import Conform, frames_at
from bridge.audio.folding import NullDepth, covers, fold
from bridge.audio.gain import Level
from bridge.audio.lanes import MeasureLane, WriteLane, drive
from bridge.audio.options import RenderOptions
from bridge.audio.quantise import quantiser
from bridge.audio.sources import side_by_side
from bridge.audio.stemfile import Write, flac_stem, wav_stem
from bridge.audio.wavheader import WavFormat
from bridge.units import Db, Hz, Progress


@dataclass(frozen=True, slots=True)
class Measured:
    """What the first pass found. `mix` is None where no gain depends on it."""

    mix: Level | None
    stems: tuple[Level, ...]
    null_depth_db: float | None


class Passes:
    """Both passes; `rate` and `frames` are those of every delivered stem."""

    def __init__(self, mix: Canonical, stems: Mapping[str, Path], options: RenderOptions) -> None:
        self._mix, self._stems, self._options = mix, stems, options
        self._names = tuple(stems)
        self.rate = Hz(options.rate or mix.sample_rate)
        self.frames = frames_at(mix.frames, mix.sample_rate, self.rate)

    def measure(self, progress: Progress) -> Measured:
        """First pass. Raises `EngineFailed` for stems that don't fit the mix, and `OSError`."""
        aims_at_mix = self._options.mode == "song" and self._options.lufs is not None
        null = NullDepth()
        lanes = [MeasureLane(self._conform(), self.rate, self._mix.channels) for _ in self._names]
        mix_lane = MeasureLane(self._conform(), self.rate, self._mix.channels)
        if aims_at_mix:
            drive(([*stems, mix] for mix, stems in self._folded(null)), [*lanes, mix_lane], self._mix.frames, progress)
        else:
            drive((stems for _, stems in self._folded(null)), lanes, self._mix.frames, progress)
        levels = tuple(lane.level() for lane in lanes)
        depth = null.depth_db() if covers(self._names) else None
        return Measured(mix_lane.level() if aims_at_mix else None, levels, depth)

    def write(self, gains: Sequence[Db], targets: Sequence[Path], metadata: Metadata, progress: Progress) -> None:
        """Second pass: every stem with its gain. Raises `UsageError`, `StorageError` and `OSError`."""
        origin = metadata.for_stem().rescaled(self._mix.sample_rate, self.rate)
        with ExitStack() as open_files:
            lanes = [
                WriteLane(self._conform(), gain, open_files.enter_context(self._create(target, origin)))
                for gain, target in zip(gains, targets, strict=True)
            ]
            drive((stems for _, stems in self._folded(NullDepth())), lanes, self._mix.frames, progress)

    def _folded(self, null: NullDepth) -> Iterator[tuple[Block, list[Block]]]:
        for mix, stems in side_by_side(self._mix, self._stems):
            if covers(self._names):
                null.add(mix, fold(mix, stems, self._names))
            yield mix, stems

    def _conform(self) -> Conform:
        return Conform(self._mix.sample_rate, self.rate, self._mix.channels, self.frames)

    def _create(self, target: Path, origin: Metadata) -> AbstractContextManager[Write]:
        bits, in_float = self._options.bits, self._options.depth == "32f"
        form = WavFormat(self.rate, self._mix.channels, bits, in_float, origin.mask)
        quantise = quantiser(bits, seed=zlib.crc32(target.name.encode()))
        if self._options.format == "flac":
            return flac_stem(target, form, quantise)
        return wav_stem(target, form, self.frames, origin, quantise)
