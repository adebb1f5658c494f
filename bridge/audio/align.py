"""Find how late stems are against their mix: lossy formats, and services that use them, shift by a frame's padding.

The sum of all stems is compared, not each: the sum is the mix over again and gives one sharp peak, while a single stem
may hold nothing for a while. The measure is the cross-correlation with phase transform (GCC-PHAT; Knapp & Carter, "The
Generalized Correlation Method for Estimation of Time Delay", IEEE Trans. ASSP 24(4), 1976) of a few windows across the
song. What it finds counts only where it also makes the null deeper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.audio.canonical import BLOCK_FRAMES, Block, blocks
from bridge.audio.mix import Canonical
from bridge.audio.riff import read_riff
from bridge.units import Db, Frames

WINDOW: Final = 1 << 17
"""Frames of one window: some three seconds."""
WINDOWS: Final = 7
LARGEST_LAG: Final = WINDOW // 4
SHARPEST: Final = 6.0
"""How much the highest peak must stand out over the next one, away from it; a sum of stems has about 35."""
_NEAR: Final = 4
_AUDIBLE: Final = 1e-6
"""Mean square below which a window says nothing: -60 dBFS."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`lag` is how many frames the stems come too late (too early where negative).

    `drift` is how much the lag grows from the first window to the last. The null depths are those of the windows: the
    energy of mix - sum over the mix's, before the lag is taken out and after; None where there was nothing to compare.
    """

    lag: int = 0
    drift: int = 0
    null_before_db: Db | None = None
    null_after_db: Db | None = None


def find_lag(mix: Canonical, stems: Sequence[Canonical]) -> Alignment:
    """Compare the sum of the stems with the mix; all have the same rate and channels. Raises `OSError`."""
    starts = _starts(int(mix.frames))
    found = [lag for start in starts if (lag := _lag(_window(mix, start), _summed(stems, start))) is not None]
    lag = sorted(found)[len(found) // 2] if found else 0
    drift = found[-1] - found[0] if found else 0
    before = after = _null(mix, stems, starts, 0)
    if lag:
        after = _null(mix, stems, starts, lag)
    if before is None or after is None or after >= before:
        return Alignment(0, drift, before, before)
    return Alignment(lag, drift, before, after)


def shifted(stem: Canonical, lag: int, frames: Frames) -> Iterator[Block]:
    """Yield exactly `frames` frames of a stem with its lag taken out, silence where it has none. Raises `OSError`."""
    left = int(frames)
    if lag < 0:
        yield from (block for block in _silence(min(-lag, left), stem.channels))
        left -= min(-lag, left)
    skip = max(lag, 0)
    for block in blocks(stem):
        kept = block[skip:][:left]
        skip = max(0, skip - len(block))
        left -= len(kept)
        if len(kept):
            yield kept
    yield from _silence(left, stem.channels)


def _silence(frames: int, channels: int) -> Iterator[Block]:
    while frames > 0:
        yield np.zeros((min(frames, BLOCK_FRAMES), channels), np.float32)
        frames -= BLOCK_FRAMES


def _starts(frames: int) -> list[int]:
    if frames <= WINDOW:
        return [0]
    return sorted({int(at) for at in np.linspace(0, frames - WINDOW, WINDOWS)})


def _lag(mix: Block, total: Block) -> int | None:
    """Return by how many frames `total` is late, None where no peak stands out."""
    if min(float(np.mean(np.square(mix))), float(np.mean(np.square(total)))) < _AUDIBLE:
        return None
    size = 2 * WINDOW
    cross = np.sum(np.fft.rfft(total, size, axis=0) * np.conj(np.fft.rfft(mix, size, axis=0)), axis=1)
    strength = np.abs(cross)
    # Where neither has any sound the phase is noise, and whitening would make it as loud as the rest.
    peaks = np.fft.irfft(cross / (strength + 1e-3 * strength.mean()), size)
    around = np.abs(np.concatenate([peaks[-LARGEST_LAG:], peaks[: LARGEST_LAG + 1]]))
    at = int(np.argmax(around))
    others = np.concatenate([around[: max(0, at - _NEAR)], around[at + _NEAR + 1 :]])
    return at - LARGEST_LAG if around[at] >= SHARPEST * others.max() else None


def _null(mix: Canonical, stems: Sequence[Canonical], starts: Sequence[int], lag: int) -> Db | None:
    whole = rest = 0.0
    for start in starts:
        window = _window(mix, start)
        whole += _energy(window)
        rest += _energy(window - _summed(stems, start + lag))
    if not whole:
        return None
    return Db(10 * math.log10(max(rest, 1e-20 * whole) / whole))


def _energy(block: Block) -> float:
    return float(np.sum(np.square(block, dtype=np.float64)))


def _summed(stems: Sequence[Canonical], start: int) -> Block:
    total = np.zeros((WINDOW, stems[0].channels), np.float32)
    for stem in stems:
        total += _window(stem, start)
    return total


def _window(canonical: Canonical, start: int) -> Block:
    """Return `WINDOW` frames from `start` on, with silence for what lies outside of the file."""
    window = np.zeros((WINDOW, canonical.channels), "<f4")
    first, last = max(start, 0), min(start + WINDOW, int(canonical.frames))
    riff = read_riff(canonical.path)
    data = riff.first(b"data") if riff else None
    if last > first and data is not None:
        part: NDArray[np.float32] = np.fromfile(
            canonical.path,
            "<f4",
            (last - first) * canonical.channels,
            offset=data.offset + first * canonical.channels * 4,
        )
        window[first - start : last - start] = np.nan_to_num(part, nan=0, posinf=0, neginf=0).reshape(
            -1, canonical.channels
        )
    return window
