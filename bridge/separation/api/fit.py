"""Turns the service's files into stems: decoded, at the mix's rate and channels, aligned, of the mix's length.

Works in blocks, and needs room for two copies of the stems while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bridge.audio.align import Alignment, find_lag, shifted
from bridge.audio.canonical import Block, CanonicalWriter, blocks
from bridge.audio.conform import Conform, frames_at
from bridge.audio.decode import decode
from bridge.audio.mix import Canonical
from bridge.audio.sources import with_channels
from bridge.errors import BounceError, EngineFailed, StorageError
from bridge.separation.catalogue import Model
from bridge.units import Frames, Progress, no_progress

LARGEST_DIFFERENCE_S: Final = 1.0
"""Encoders pad by some thousand frames; what differs by more is another song."""

LARGEST_DRIFT: Final = 2
"""Frames by which the lag may differ across a song before the musician is told."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Float WAV files, each exactly as long as the mix, by the names of the stems; and what to tell the musician."""

    stems: Mapping[str, Path]
    alignment: Alignment
    notes: tuple[str, ...] = ()


def fit(
    mix: Canonical,
    downloads: Mapping[str, Path],
    model: Model,
    folder: Path,
    *,
    sent: Frames | None = None,
    progress: Progress = no_progress,
) -> Fitted:
    """Fit what was downloaded into `folder`, which must be empty; `sent` is how much of the mix was sent, None for all.

    A model with a single stem gets its complement, mix - stem, and an `other` beside it is left out: it is the same.
    Raises `EngineFailed` for a file that is no audio or another song's, `StorageError`.
    """
    try:
        raw = {name: _conformed(name, path, mix, folder) for name, path in _wanted(downloads, model).items()}
        progress(0.5)
        alignment = find_lag(mix, list(raw.values()))
        expected = mix.frames if sent is None else sent
        stems = {}
        for at, (name, stem) in enumerate(raw.items()):
            _check_length(name, stem, Frames(expected + alignment.lag))
            stems[name] = folder / f"{name}.wav"
            _write(stems[name], mix, shifted(_until(stem, expected + alignment.lag), alignment.lag, mix.frames))
            stem.path.unlink()
            progress(0.5 + 0.5 * (at + 1) / len(raw))
        if model.complement is not None and model.stems[0] in stems:
            stems[model.complement] = folder / f"{model.complement}.wav"
            _write(stems[model.complement], mix, _rest(mix, stems[model.stems[0]]))
    except OSError as error:
        raise StorageError.from_os(error, "fitting the service's stems") from error
    return Fitted(stems, alignment, _notes(alignment))


def _wanted(downloads: Mapping[str, Path], model: Model) -> Mapping[str, Path]:
    if model.complement is None or model.stems[0] not in downloads:
        return downloads
    return {name: path for name, path in downloads.items() if name not in ("other", model.complement)}


def _conformed(name: str, path: Path, mix: Canonical, folder: Path) -> Canonical:
    """Decode a file, and bring it to the mix's rate and channels; its length stays its own."""
    try:
        decoded = decode(path, folder / f"{name}.decoded", name=f"the service's {name}")
    except BounceError as error:
        # Somebody else's file, not the musician's: the advice to render the mix again would be wrong.
        raise EngineFailed(
            f"{error.message[:1].upper()}{error.message[1:]}",
            code="engine.stems",
            advice="The stems are fetched again; that costs nothing.",
        ) from error
    if (decoded.sample_rate, decoded.channels) == (mix.sample_rate, mix.channels):
        return decoded
    frames = frames_at(decoded.frames, decoded.sample_rate, mix.sample_rate)
    conform = Conform(decoded.sample_rate, mix.sample_rate, mix.channels, frames)
    target = folder / f"{name}.conformed"
    with CanonicalWriter(target, mix.sample_rate, mix.channels) as writer:
        for block in blocks(decoded):
            writer.write(conform.push(with_channels(block, mix.channels)))
        writer.write(conform.finish())
    decoded.path.unlink()
    return Canonical(target, mix.sample_rate, mix.channels, frames)


def _check_length(name: str, stem: Canonical, expected: Frames) -> None:
    difference = (stem.frames - expected) / stem.sample_rate
    if abs(difference) > LARGEST_DIFFERENCE_S:
        words = "longer" if difference > 0 else "shorter"
        raise EngineFailed(
            f"The service's {name} stem is {abs(difference):.2f} s {words} than the bounce.",
            code="engine.length",
            advice="Retry the job, or try another engine.",
        )


def _until(stem: Canonical, frames: int) -> Canonical:
    """Leave out an encoder's padding behind what was sent."""
    return Canonical(stem.path, stem.sample_rate, stem.channels, Frames(max(0, min(stem.frames, frames))))


def _write(target: Path, mix: Canonical, stream: Iterator[Block]) -> None:
    with CanonicalWriter(target, mix.sample_rate, mix.channels) as writer:
        for block in stream:
            writer.write(block)


def _rest(mix: Canonical, stem: Path) -> Iterator[Block]:
    aligned = Canonical(stem, mix.sample_rate, mix.channels, mix.frames)
    for whole, part in zip(blocks(mix), blocks(aligned), strict=True):
        yield np.asarray(whole - part, np.float32)


def _notes(alignment: Alignment) -> tuple[str, ...]:
    notes = []
    if alignment.lag:
        words = "late" if alignment.lag > 0 else "early"
        notes.append(f"The service's stems came {abs(alignment.lag)} samples {words}; that was taken out.")
    if abs(alignment.drift) > LARGEST_DRIFT:
        notes.append(f"The service's stems drift by {abs(alignment.drift)} samples over the song.")
    return tuple(notes)
