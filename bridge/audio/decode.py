"""Decode a bounce once, into its canonical form: soundfile where it can, else the bundled ffmpeg."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from bridge.audio.canonical import BLOCK_FRAMES, LOUDEST, Block, CanonicalWriter, ContentHash
from bridge.audio.ffmpeg import STRICT, TO_THE_END, Decoder, promised
from bridge.audio.mix import Canonical
from bridge.errors import BounceError, StorageError
from bridge.media.completeness import judge_path
from bridge.media.judgement import Judgement, Verdict
from bridge.units import Frames, Hz, Progress, no_progress

__all__ = ["Canonical", "decode"]

_LOWEST_RATE, _HIGHEST_RATE = Hz(8000), Hz(384000)
_UNKNOWN_FRAMES = 1 << 60
_LARGEST_SHORTFALL_S = 0.1
"""A header that ffmpeg reads gives the length in hundredths of seconds, some with the encoder's padding."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What is decoded, and the name by which the musician knows it."""

    path: Path
    name: str


def decode(path: Path, target: Path, progress: Progress = no_progress, *, name: str = "") -> Canonical:
    """Decode the file at `path` into a float32 WAV or RF64 file at `target`, in blocks.

    Messages call it `name`, or by its file's name: a copy in the spool bears one that nobody knows.

    Levels above full scale are kept; samples that are no numbers (or over +120 dBFS) become 0, and `repairs` says so.

    Raises `BounceError` with code bounce.empty, bounce.truncated, bounce.corrupt, bounce.no_audio, bounce.rate or
    bounce.unreadable, `StorageError` for the disk, and whatever `progress` raises; then there is no `target`.
    """
    source = _Source(path, name or path.name)
    try:
        extent = _judge(source).extent
        if extent is not None and not extent.as_declared:
            # Its end is wherever the recording stopped, perhaps within a frame: no reason for ffmpeg to refuse it.
            decoded = _by_ffmpeg(source, target, TO_THE_END, progress)
        else:
            decoded = _by_soundfile(source, target, progress) or _by_ffmpeg(source, target, STRICT, progress)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise StorageError.from_os(error, f"Decoding {source.name}") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    progress(1.0)
    return decoded


def _judge(source: _Source) -> Judgement:
    if source.path.is_dir():
        raise BounceError(f"{source.name} is a folder.")
    if not source.path.stat().st_size:
        raise _empty(source)
    judgement = judge_path(source.path)
    if judgement.verdict is Verdict.CUT:
        raise _truncated(source)
    return judgement


def _by_soundfile(source: _Source, target: Path, progress: Progress) -> Canonical | None:
    """Decode, or return None where libsndfile does not know the format."""
    if source.path.suffix.lower() == ".raw":
        return None
    try:
        file = soundfile.SoundFile(source.path)
    except soundfile.LibsndfileError:
        return None
    with file:
        promised_frames = file.frames
        canonical = _write(source, target, (Hz(file.samplerate), file.channels), _read(source, file, progress))
    if canonical.frames < promised_frames < _UNKNOWN_FRAMES:
        raise _truncated(source)
    return canonical


def _read(source: _Source, file: soundfile.SoundFile, progress: Progress) -> Iterator[Block]:
    done = 0
    try:
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            yield block
            done += len(block)
            progress(min(1.0, done / file.frames))
    except soundfile.LibsndfileError as error:
        raise _corrupt(source, error.error_string) from error


def _by_ffmpeg(source: _Source, target: Path, options: Sequence[str], progress: Progress) -> Canonical:
    progress(0.0)
    with Decoder(source.path, options) as decoder:
        if decoder.shape is None:
            raise _refused(source, decoder.result()[1])
        canonical = _write(source, target, decoder.shape, decoder.blocks())
        status, said = decoder.result()
    if status:
        raise _corrupt(source, said.strip().rpartition("\n")[2])
    length = promised(said)
    if length is not None and canonical.frames / canonical.sample_rate < length - _LARGEST_SHORTFALL_S:
        raise _truncated(source)
    return canonical


def _write(source: _Source, target: Path, shape: tuple[Hz, int], stream: Iterator[Block]) -> Canonical:
    rate, channels = shape
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise BounceError(
            f"{source.name} has {rate} samples a second; Stembridge takes {_LOWEST_RATE} to {_HIGHEST_RATE}.",
            code="bounce.rate",
        )
    mended, content = 0, ContentHash(rate, channels)
    with CanonicalWriter(target, rate, channels) as writer:
        for block in stream:
            numbers = np.abs(block) <= LOUDEST
            if not numbers.all():
                mended += int(block.size - np.count_nonzero(numbers))
                block = np.where(numbers, block, np.float32(0))
            content.add(block)
            writer.write(block)
    if not writer.frames:
        raise _empty(source)
    repairs = (f"{mended} samples that were not numbers were set to 0.",) if mended else ()
    return Canonical(target, rate, channels, Frames(writer.frames), repairs, content_hash=content.hexdigest())


def _refused(source: _Source, said: str) -> BounceError:
    # ffmpeg tells these apart in words only: its exit status is the same for all.
    if "matches no streams" in said:
        return BounceError(f"There is no audio in {source.name}.", code="bounce.no_audio")
    if "moov atom not found" in said:
        return _truncated(source)
    return BounceError(f"{source.name} is not an audio file that Stembridge can read, or its header is damaged.")


def _empty(source: _Source) -> BounceError:
    return BounceError(f"{source.name} is empty: it has no samples.", code="bounce.empty")


def _truncated(source: _Source) -> BounceError:
    return BounceError(
        f"{source.name} is cut off: it ends before its audio does.",
        code="bounce.truncated",
        advice="Render or copy the mix again; the copy may have been interrupted.",
    )


def _corrupt(source: _Source, detail: str) -> BounceError:
    return BounceError(f"{source.name} is damaged: {detail}", code="bounce.corrupt")
