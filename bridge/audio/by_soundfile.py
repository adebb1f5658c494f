"""Decode by libsndfile, the formats that it reads in full and in the order of WAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import soundfile

from bridge.audio.canonical import BLOCK_FRAMES, Block
from bridge.audio.decoding import Source, Stream, reported, write_canonical
from bridge.audio.mix import Canonical
from bridge.audio.mpegheader import MpegCount, mpeg_count
from bridge.units import Hz, Progress

_UNKNOWN_FRAMES = 1 << 60


def decode_by_soundfile(source: Source, target: Path, progress: Progress) -> Canonical | None:
    """Decode, or return None where libsndfile does not read the format, or not all of it as it should.

    Raises `BounceError` and `OSError`.
    """
    if source.path.suffix.lower() == ".raw":
        return None
    try:
        file = open_forward(source.path)
    except soundfile.LibsndfileError:
        return None
    with file:
        if _misread(source, file):
            return None
        declared = file.frames
        stream = Stream(Hz(file.samplerate), file.channels)
        canonical = write_canonical(source, target, stream, reported(_read(source, file), declared, progress))
    if canonical.frames < declared < _UNKNOWN_FRAMES:
        raise source.truncated()
    return canonical


def open_forward(path: Path) -> soundfile.SoundFile:
    """Open a file to be read from its beginning to its end. Raises `LibsndfileError`.

    The binding seeks after every read of a file that can seek. MPEG decoders then lose what earlier frames left for
    later ones, and FLAC without a total cannot seek at all.
    """
    file = soundfile.SoundFile(path)
    file.seekable = lambda: False
    return file


def _misread(source: Source, file: soundfile.SoundFile) -> bool:
    """Say whether libsndfile would give something else than the audio.

    It takes an estimate for the length of MPEG audio, decodes Opus at the rate of the encoder's input, which is for
    information only, and leaves the channels of Vorbis and Opus in their own order.
    """
    if file.format == "MP3":
        return mpeg_count(source.path) is not MpegCount.EXACT
    return bool(file.format == "OGG" and (file.subtype == "OPUS" or file.channels > 2))


def _read(source: Source, file: soundfile.SoundFile) -> Iterator[Block]:
    done = 0
    try:
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            yield block
            done += len(block)
    except soundfile.LibsndfileError as error:
        raise source.corrupt(f"{error.error_string} (at {done / file.samplerate:.1f} s)") from error
