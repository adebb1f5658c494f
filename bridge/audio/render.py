"""The normalise step: raw stems in, delivered stems out, in blocks; memory does not grow with length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bridge.audio.bwf import Metadata
from bridge.audio.gain import excess, gains
from bridge.audio.level import Written
from bridge.audio.listening import listening_copy
from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions, RenderReport, StemReport
from bridge.audio.passes import Passes
from bridge.errors import StorageError
from bridge.units import Db, Progress, no_progress

__all__ = ["RenderOptions", "RenderReport", "StemReport", "render"]

_MEASURED, _WRITTEN_BEFORE_COPIES = 0.45, 0.7


def render(
    mix: Canonical,
    stems: Mapping[str, Path],
    files: Mapping[str, str],
    folder: Path,
    metadata: Metadata,
    options: RenderOptions,
    progress: Progress = no_progress,
) -> RenderReport:
    """Write each stem to `folder` under its name in `files`, and say what was done.

    `stems` are float32 WAV or RF64 files; `other` is made anew, to hold all that the others don't. Every delivered
    stem has the mix's channels, starts at its sample 0, and has its exact frame count (times `options.rate` / the mix's
    rate, rounded half up). `metadata` is the bounce's own, at the mix's rate. The same input gives the same bytes. A
    file that was begun when an error came is left as it is.

    Raises `EngineFailed` for stems that don't fit the mix, `UsageError` for FLAC with more than 8 channels,
    `StorageError` for the disk, and whatever `progress` raises.
    """
    targets = [folder / files[name] for name in stems]
    written = _WRITTEN_BEFORE_COPIES if options.listening_copy else 1.0
    passes = Passes(mix, stems, options)
    try:
        measured = passes.measure(_part(progress, 0.0, _MEASURED))
        decided = gains(measured.mix, measured.stems, options)
        delivered = passes.write(decided, targets, metadata, _part(progress, _MEASURED, written))
        while too_high := excess(delivered.stems, options):
            decided = [Db(round(gain - over, 2)) for gain, over in zip(decided, too_high, strict=True)]
            delivered = passes.write(decided, targets, metadata, lambda _fraction: progress(written))
        copies = _listening_copies(targets, options, _part(progress, written, 1.0))
    except OSError as error:
        raise StorageError.from_os(error, "Normalising the stems") from error
    progress(1.0)
    reports = tuple(
        StemReport(
            name=name,
            file=files[name],
            sample_rate=passes.rate,
            frames=passes.frames,
            channels=mix.channels,
            format=options.described,
            gain_db=gain,
            peak_dbtp=_figure(file.level.peak),
            lufs=_figure(file.level.loudness),
            silent=raw.silent,
            listening_copy=copy,
        )
        for name, raw, gain, file, copy in zip(stems, measured.stems, decided, delivered.stems, copies, strict=True)
    )
    common = decided[0] if options.mode == "song" and decided else Db(0.0)
    return RenderReport(common, delivered.null_depth_db, reports, _notes(stems, delivered.stems, metadata, options))


def _listening_copies(targets: Sequence[Path], options: RenderOptions, progress: Progress) -> list[str]:
    if not options.listening_copy:
        return [""] * len(targets)
    names = []
    for done, target in enumerate(targets, 1):
        names.append(listening_copy(target, options.listening_copy).name)
        progress(done / len(targets))
    return names


def _notes(
    names: Iterable[str], written: Sequence[Written], metadata: Metadata, options: RenderOptions
) -> tuple[str, ...]:
    notes = [
        f"{name} passes full scale by {file.sample_peak:.1f} dB; {options.described} clips what is above."
        for name, file in zip(names, written, strict=True)
        if options.depth != "32f" and file.sample_peak > 0
    ]
    if options.format == "flac" and (metadata.bext or metadata.others):
        notes.append("FLAC does not carry the bounce's Broadcast Wave data; the receipt has its time reference.")
    return tuple(notes)


def _figure(level: float) -> float | None:
    return round(level, 3) if math.isfinite(level) else None


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda fraction: progress(start + (end - start) * fraction)
