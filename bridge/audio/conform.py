"""Bring a stream to another rate and to an exact length: streaming soxr, then cut or filled with silence."""

from __future__ import annotations

import numpy as np
import soxr

from bridge.audio.canonical import Block
from bridge.errors import EngineFailed
from bridge.units import Frames, Hz

_LARGEST_DRIFT_S = 0.05


class Conform:
    """Takes blocks of shape [frames, channels] at one rate, gives blocks at another, `frames` in all.

    soxr has no delay and is at most two frames off, so the start never moves. More than 50 ms of difference means that
    the stream is not what it claims to be: `finish` raises `EngineFailed`.
    """

    def __init__(self, from_rate: Hz, to_rate: Hz, channels: int, frames: Frames) -> None:
        self._rate, self._channels, self._frames = to_rate, channels, frames
        self._made = 0
        self._stream = (
            None if from_rate == to_rate else soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32")
        )

    def push(self, block: Block) -> Block:
        """Return what this block makes possible: fewer or more frames than went in, or none."""
        return self._fit(block if self._stream is None else self._stream.resample_chunk(block))

    def finish(self) -> Block:
        """Return what is left."""
        empty = np.empty((0, self._channels), np.float32)
        rest = empty if self._stream is None else self._stream.resample_chunk(empty, last=True)
        last = self._fit(rest)
        missing = self._frames - self._made
        if abs(missing) > _LARGEST_DRIFT_S * self._rate:
            words = "shorter" if missing > 0 else "longer"
            raise EngineFailed(
                f"A stem is {abs(missing) / self._rate:.2f} s {words} than the bounce.",
                code="engine.length",
                advice="Retry the job, or try another engine.",
            )
        return np.concatenate([last, np.zeros((max(0, missing), self._channels), np.float32)])

    def _fit(self, block: Block) -> Block:
        room = max(0, self._frames - self._made)
        self._made += len(block)
        return block[:room]


def frames_at(frames: Frames, from_rate: Hz, to_rate: Hz) -> Frames:
    """Return the length of the same time at another rate, rounded half up."""
    return Frames((frames * to_rate * 2 + from_rate) // (from_rate * 2))
