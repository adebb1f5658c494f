"""Read a mix and its raw stems side by side, at the mix's rate, channels and length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from bridge.audio.canonical import BLOCK_FRAMES, LOUDEST, Block, blocks, float_wav
from bridge.audio.conform import Conform
from bridge.audio.mix import Canonical
from bridge.errors import EngineFailed


def side_by_side(mix: Canonical, stems: Mapping[str, Path]) -> Iterator[tuple[Block, list[Block]]]:
    """Yield a block of the mix and the same frames of every stem, in the mapping's order.

    Samples of a stem that are not numbers come as 0. Raises `EngineFailed` for a stem that is no float32 WAV, or whose
    length is more than 50 ms off, and `OSError`.
    """
    streams = [_equal_blocks(_conformed(name, path, mix)) for name, path in stems.items()]
    for block in blocks(mix):
        yield block, [next(stream) for stream in streams]


def _conformed(name: str, path: Path, mix: Canonical) -> Iterator[Block]:
    stem = float_wav(path)
    if stem is None:
        raise EngineFailed(f"The engine's {name} stem is not a whole float32 WAV file.", code="engine.stems")
    conform = Conform(stem.sample_rate, mix.sample_rate, mix.channels, mix.frames)
    for block in blocks(stem):
        flat = block.reshape(-1)
        # The energy is a number if every sample is one, and found in a fifth of the time.
        with np.errstate(over="ignore", invalid="ignore"):
            energy = float(flat @ flat)
        if not math.isfinite(energy):
            block = np.where(np.abs(block) <= LOUDEST, block, np.float32(0))
        yield conform.push(with_channels(block, mix.channels))
    yield conform.finish()


def _equal_blocks(stream: Iterator[Block]) -> Iterator[Block]:
    """Cut a stream into blocks of `BLOCK_FRAMES`; the last may be shorter."""
    waiting: list[Block] = []
    count = 0
    for block in stream:
        if len(block):
            waiting.append(block)
            count += len(block)
        while count >= BLOCK_FRAMES:
            joined = waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
            yield joined[:BLOCK_FRAMES]
            count -= BLOCK_FRAMES
            waiting = [joined[BLOCK_FRAMES:]] if count else []
    if count:
        yield np.concatenate(waiting)


def with_channels(block: Block, channels: int) -> Block:
    """Return a block [frames, n] with `channels` channels.

    To mono by the mean; from mono to both of a stereo pair; otherwise the first channels are those that both have, and
    the rest is silence.
    """
    have = block.shape[1]
    if have == channels:
        return block
    if channels == 1:
        return np.asarray(block.mean(axis=1, keepdims=True), np.float32)
    first = np.repeat(block, 2, axis=1) if have == 1 else block[:, :channels]
    silence = np.zeros((len(block), channels - first.shape[1]), np.float32)
    return np.ascontiguousarray(np.concatenate([first, silence], axis=1))
