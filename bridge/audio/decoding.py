"""What all decoders share: the source with its error messages, and writing the canonical file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bridge.audio.canonical import LOUDEST, Block, CanonicalWriter, ContentHash
from bridge.audio.mix import Canonical
from bridge.errors import BounceError
from bridge.units import Frames, Hz, Progress

_LOWEST_RATE, _HIGHEST_RATE = Hz(8000), Hz(384000)


class Stream(NamedTuple):
    """The shape of a decoded stream; `mask` names the speakers as WAVEFORMATEXTENSIBLE does, 0 where not known."""

    sample_rate: Hz
    channels: int
    mask: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The file to decode, and the name by which the musician knows it: a copy in the spool has another one."""

    path: Path
    name: str

    def empty(self) -> BounceError:
        """Return the error for a file without samples."""
        return BounceError(f"{self.name} is empty: it has no samples.", code="bounce.empty")

    def truncated(self) -> BounceError:
        """Return the error for a file that misses audio at its end."""
        return BounceError(
            f"{self.name} is cut off: it ends before its audio does.",
            code="bounce.truncated",
            advice="Render or copy the mix again; the copy may have been interrupted.",
        )

    def corrupt(self, detail: str) -> BounceError:
        """Return the error for a file whose audio cannot be decoded; `detail` is the decoder's own message."""
        return BounceError(f"{self.name} is damaged: {detail}", code="bounce.corrupt")

    def no_audio(self) -> BounceError:
        """Return the error for a media file without an audio track."""
        return BounceError(f"There is no audio in {self.name}.", code="bounce.no_audio")

    def unreadable(self) -> BounceError:
        """Return the error for a file of no known audio format."""
        return BounceError(f"{self.name} is not an audio file that Stembridge can read, or its header is damaged.")

    def mixed_links(self) -> BounceError:
        """Return the error for a chained Ogg file that is not one piece of audio."""
        return BounceError(
            f"{self.name} is several recordings in one Ogg file, with different sample rates or channel counts.",
            advice="Render the mix again as one recording, for example as WAV.",
        )


def write_canonical(source: Source, target: Path, stream: Stream, blocks: Iterator[Block]) -> Canonical:
    """Write a stream to `target`. The result may have no frames. Raises `BounceError` for the rate, and `OSError`."""
    rate, channels, mask = stream
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise BounceError(
            f"{source.name} has {rate} samples a second; Stembridge takes {_LOWEST_RATE} to {_HIGHEST_RATE}.",
            code="bounce.rate",
        )
    replaced, content = 0, ContentHash(rate, channels)
    with CanonicalWriter(target, rate, channels, mask) as writer:
        for block in blocks:
            numbers = np.abs(block) <= LOUDEST
            if not numbers.all():
                replaced += int(block.size - np.count_nonzero(numbers))
                block = np.where(numbers, block, np.float32(0))
            content.add(block)
            writer.write(block)
    repairs = (f"{replaced} samples that were not numbers were set to 0.",) if replaced else ()
    return Canonical(target, rate, channels, Frames(writer.frames), repairs, mask, content.hexdigest())


def reported(stream: Iterator[Block], frames: int, progress: Progress) -> Iterator[Block]:
    """Yield the blocks, and report after each how many of `frames` are done."""
    done = 0
    for block in stream:
        yield block
        done += len(block)
        progress(min(1.0, done / max(1, frames)))
