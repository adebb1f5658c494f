"""The decoded mix as every step knows it. Without numpy, since the daemon handles it too."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bridge.units import Frames, Hz


@dataclass(frozen=True, slots=True)
class Canonical:
    """A bounce decoded once: the reference of rate, channels and length for all that follows.

    `repairs` says in sentences what was wrong with the samples and was mended. `mask` names the speakers of the
    channels (WAVEFORMATEXTENSIBLE), 0 where that is not known. `content_hash` is the SHA-256, in hex, of rate, channel
    count and samples: the same audio has the same hash in every lossless container. Only decoding sets it.
    """

    path: Path
    sample_rate: Hz
    channels: int
    frames: Frames
    repairs: tuple[str, ...] = ()
    mask: int = 0
    content_hash: str = field(default="", compare=False)
