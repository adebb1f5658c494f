"""Compressed copies for listening: pydub, and for long songs the bundled ffmpeg directly."""

from __future__ import annotations

import importlib
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal

import soundfile

from bridge.audio.canonical import BLOCK_FRAMES
from bridge.audio.ffmpeg import executable, opened
from bridge.audio.quantise import packed, quantiser
from bridge.audio.sources import with_channels
from bridge.errors import StorageError

_LONGEST_IN_MEMORY_S = 15 * 60
_BITRATE = "192k"
_MUXERS = {"mp3": "mp3", "m4a": "ipod"}
_ENCODERS = {"mp3": "libmp3lame", "m4a": "aac"}


def listening_copy(stem: Path, kind: Literal["mp3", "m4a"]) -> Path:
    """Write an MP3 or M4A of a delivered stem beside it, in stereo or mono, and return its path.

    pydub holds a song in memory several times over, so that one of more than 15 minutes goes to ffmpeg in blocks.
    Raises `StorageError`, `EngineUnavailable` without ffmpeg, and `OSError`.
    """
    target = stem.with_suffix(f".{kind}")
    with soundfile.SoundFile(stem) as file:
        if file.frames <= _LONGEST_IN_MEMORY_S * file.samplerate:
            _by_pydub(file, target, kind)
        else:
            _by_ffmpeg(file, target, kind)
    return target


def _by_pydub(file: soundfile.SoundFile, target: Path, kind: str) -> None:
    pydub = _pydub()
    shape = {"sample_width": 2, "frame_rate": file.samplerate, "channels": min(file.channels, 2)}
    song = pydub.AudioSegment(data=b"".join(_samples(file)), **shape)
    try:
        with song.export(str(target), format=_MUXERS[kind], codec=_ENCODERS[kind], bitrate=_BITRATE) as written:
            os.fsync(written.fileno())
    except pydub.exceptions.CouldntEncodeError as error:
        raise _failed(target, str(error)) from error


def _pydub() -> ModuleType:
    with warnings.catch_warnings():
        # At import pydub looks for ffmpeg on the PATH, uses audioop, and has unescaped patterns; none is our concern.
        for kind in (RuntimeWarning, DeprecationWarning, SyntaxWarning):
            warnings.filterwarnings("ignore", category=kind)
        pydub = importlib.import_module("pydub")
    pydub.AudioSegment.converter = executable()
    return pydub


def _by_ffmpeg(file: soundfile.SoundFile, target: Path, kind: str) -> None:
    command = [executable(), "-nostdin", "-loglevel", "error", "-y", "-f", "s16le", "-ar", str(file.samplerate)]
    command += ["-ac", str(min(file.channels, 2)), "-i", "pipe:0", "-c:a", _ENCODERS[kind], "-b:a", _BITRATE]
    command += ["-f", _MUXERS[kind], f"file:{target}"]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:
            _feed(process, _samples(file))
        if process.returncode:
            said.seek(0)
            raise _failed(target, said.read().decode("utf-8", "replace"))
    with target.open("rb+") as written:
        os.fsync(written.fileno())


def _feed(process: subprocess.Popen[bytes], parts: Iterator[bytes]) -> None:
    try:
        with opened(process.stdin) as pipe:
            for part in parts:
                pipe.write(part)
    except BrokenPipeError:
        return  # It ended by itself; its exit status and words say why.
    except BaseException:
        process.kill()
        raise


def _samples(file: soundfile.SoundFile) -> Iterator[bytes]:
    """Yield interleaved 16-bit samples; the first two channels of more."""
    quantise = quantiser(16, seed=0)
    while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield packed(quantise(with_channels(block, min(file.channels, 2))), 2)


def _failed(target: Path, said: str) -> StorageError:
    reason = said.strip().rpartition("\n")[2]
    return StorageError(f"The listening copy {target.name} could not be made: {reason}", code="storage.failed")
