"""Decode a bounce once, into its canonical form.

Which decoder reads it depends on the format: libsndfile, where it reads all of the audio and the channels in the order
of WAV; an own reader for PCM whose header is wrong; ffmpeg for everything else.
"""

from __future__ import annotations

from pathlib import Path

from bridge.audio.by_ffmpeg import decode_by_ffmpeg, decode_chained
from bridge.audio.by_soundfile import decode_by_soundfile
from bridge.audio.decoding import Source, Stream, reported, write_canonical
from bridge.audio.mix import Canonical
from bridge.audio.mpegheader import MpegCount, mpeg_count
from bridge.audio.ogglinks import ogg_links
from bridge.audio.pcm import pcm_format, read_pcm
from bridge.errors import BounceError, StorageError
from bridge.media.completeness import judge_path, recognise_path
from bridge.media.judgement import AudioExtent, Judgement, Verdict
from bridge.units import Progress, no_progress

__all__ = ["Canonical", "decode"]


def decode(path: Path, target: Path, progress: Progress = no_progress, *, name: str = "") -> Canonical:
    """Decode the file at `path` into a float32 WAV or RF64 file at `target`, in blocks.

    Messages call it `name`, or by its file's name. Levels above full scale are kept; samples that are not numbers (or
    over +120 dBFS) become 0, and `repairs` says so.

    Raises `BounceError` with code bounce.empty, bounce.truncated, bounce.corrupt, bounce.no_audio, bounce.rate or
    bounce.unreadable, `StorageError` for the disk, and whatever `progress` raises; then there is no `target`.
    """
    source = Source(path, name or path.name)
    try:
        decoded = _decoded(source, target, _judge(source), progress)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise StorageError.from_os(error, f"Decoding {source.name}") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    progress(1.0)
    return decoded


def _judge(source: Source) -> Judgement:
    if source.path.is_dir():
        raise BounceError(f"{source.name} is a folder.")
    if not source.path.stat().st_size:
        raise source.empty()
    judgement = judge_path(source.path)
    if judgement.verdict is Verdict.CUT:
        raise source.truncated()
    return judgement


def _decoded(source: Source, target: Path, judgement: Judgement, progress: Progress) -> Canonical:
    decoded = _by_format(source, target, judgement, progress)
    if not decoded.frames:
        raise source.empty()
    return decoded


def _by_format(source: Source, target: Path, judgement: Judgement, progress: Progress) -> Canonical:
    found, extent = recognise_path(source.path), judgement.extent
    kind = found.name if found else ""
    if extent is not None and (exact := _by_extent(source, target, judgement, extent, progress)):
        return exact
    if kind == "Ogg" and len(links := ogg_links(source.path)) > 1:
        return decode_chained(source, target, links, progress)
    if kind == "MPEG audio" and mpeg_count(source.path) is MpegCount.CUT:
        raise source.truncated()
    wrong_size = extent is not None and not extent.as_declared
    wrong_total = kind == "FLAC" and judgement.verdict is not Verdict.COMPLETE
    if not wrong_size and not wrong_total and (decoded := decode_by_soundfile(source, target, progress)):
        return decoded
    # Frames of MPEG audio stand alone: after anything else between them the decoder looks for the next one.
    return decode_by_ffmpeg(source, target, progress, strict=not wrong_size and kind != "MPEG audio")


def _by_extent(
    source: Source, target: Path, judgement: Judgement, extent: AudioExtent, progress: Progress
) -> Canonical | None:
    """Read exactly the bytes that are audio, where the header would mislead libsndfile; else return None."""
    form = pcm_format(source.path)
    if form is None:
        return None
    if extent.as_declared and judgement.verdict is Verdict.COMPLETE and extent.bytes and not form.padded:
        return None
    stream = Stream(form.sample_rate, form.channels, form.mask)
    blocks = reported(read_pcm(source.path, form, extent), extent.bytes // form.frame_bytes, progress)
    return write_canonical(source, target, stream, blocks)
