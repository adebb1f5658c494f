"""Decide the gains, from what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bridge.audio.level import Level, Written
from bridge.audio.options import RenderOptions
from bridge.units import Db, DbTp

LARGEST_RAISE_DB = 24.0

CEILING_TOLERANCE_DB = 0.05
"""How far resampling may carry a true peak above the ceiling before a stem is written again."""


def gains(mix: Level | None, stems: Sequence[Level], options: RenderOptions) -> list[Db]:
    """Return each stem's gain; in mode `song` they are all the same.

    `song` without a loudness only lowers, and only as far as the ceiling asks: the musician's balance against the
    session stays. With one, `mix` is brought to that loudness (elsewhere it may be None). `stem` brings each stem to
    its loudness, or its true peak to the ceiling. No stem passes the ceiling, none is raised by more than 24 dB.
    """
    if options.mode == "none":
        return [Db(0.0)] * len(stems)
    if options.mode == "stem":
        return [_alone(stem, options) for stem in stems]
    highest = max((stem.peak for stem in stems), default=DbTp(-math.inf))
    wanted = 0.0 if options.lufs is None or mix is None else options.lufs - mix.loudness
    return [_allowed(wanted, highest, options)] * len(stems)


def excess(files: Sequence[Written], options: RenderOptions) -> list[Db]:
    """Return how much lower each stem must be written again: nothing (an empty list) where all keep the ceiling.

    A clipped file's true peak no longer tells how far the stem was over: its samples before do. In mode `song` all go
    down together.
    """
    highest = [max(file.level.peak, file.sample_peak) for file in files]
    over = [math.ceil(max(0.0, peak - options.peak_dbtp) * 100 - 1e-9) / 100 for peak in highest]
    if options.mode == "none" or max(over, default=0.0) <= CEILING_TOLERANCE_DB:
        return []
    return [Db(max(over) if options.mode == "song" else own) for own in over]


def _alone(stem: Level, options: RenderOptions) -> Db:
    wanted = math.inf if options.lufs is None else options.lufs - stem.loudness
    return Db(0.0) if stem.silent else _allowed(wanted, stem.peak, options)


def _allowed(wanted: float, highest: DbTp, options: RenderOptions) -> Db:
    """Keep a gain within the ceiling, rounded down to 0.01 dB so that the receipt's figure is the gain exactly."""
    if math.isinf(wanted) and options.lufs is not None:
        wanted = 0.0  # Too short or too quiet to have a loudness: there is nothing to aim with.
    gain = min(wanted, options.peak_dbtp - highest, LARGEST_RAISE_DB)
    return Db(math.floor(gain * 100 + 1e-9) / 100 + 0.0)
