"""The ffmpeg that comes with imageio-ffmpeg: where it is, and what it decodes."""

from __future__ import annotations

import re
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import imageio_ffmpeg
import numpy as np

from bridge.audio.canonical import BLOCK_FRAMES, Block
from bridge.errors import EngineUnavailable
from bridge.units import Hz, Seconds

STRICT = ("-xerror",)
TO_THE_END = ()

FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,ast,au,avi,avr,caf,dsf,dts,dtshd,dv,eac3,flac,flv,gxf,iff,ircam,loas,matroska,mlp,mmf,mov,"
    "mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,osq,paf,qcp,rm,sds,shn,sox,spdif,tak,truehd,tta,voc,vqf,w64,wav,"
    "wsd,wtv,wv,wve,xwma"
)
"""The only demuxers that ffmpeg may use for a foreign file: audio and video containers that never open a second file.

Manifests, playlists and image sequences (dash, hls, concat, imf, image2, sdp, ...) would read whatever path they name.
"""

_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")


def executable() -> str:
    """Return ffmpeg's path. Raises `EngineUnavailable`."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EngineUnavailable(
            "ffmpeg is missing.",
            code="ffmpeg.missing",
            advice="It comes with the package imageio-ffmpeg: install Stembridge again.",
        ) from error


def open_foreign(source: Path) -> list[str]:
    """Return the arguments that open a file of unknown origin, and nothing else that it may name."""
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS, "-i", f"file:{source}"]


class Decoder:
    """A running ffmpeg that decodes the first audio stream of one file to float32; a context manager.

    It opens no other file and no connection, whatever the file names. `options` say what it does where the file is
    damaged: `STRICT` stops, which ends it with a status that is not 0; `TO_THE_END` takes what there is.
    `shape` is the rate and the channel count, None where ffmpeg found nothing to decode.
    """

    def __init__(self, source: Path, options: Sequence[str]) -> None:
        command = [executable(), "-nostdin", "-hide_banner", "-nostats", *options, *open_foreign(source)]
        command += ["-map", "0:a:0", "-vn", "-map_metadata", "-1", "-bitexact"]
        command += ["-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._said = b""
        self._listener = threading.Thread(target=self._listen, name="ffmpeg", daemon=True)
        self._listener.start()
        self.shape = _wav_shape(opened(self._process.stdout))

    def blocks(self) -> Iterator[Block]:
        """Yield the samples, [frames, channels], until ffmpeg ends."""
        if self.shape is None:
            return
        channels = self.shape[1]
        stdout = opened(self._process.stdout)
        while content := stdout.read(BLOCK_FRAMES * channels * 4):
            whole = len(content) // (channels * 4) * channels
            yield np.frombuffer(content, "<f4", whole).reshape(-1, channels)

    def result(self) -> tuple[int, str]:
        """Wait until ffmpeg has ended; return its exit status and what it said."""
        status = self._process.wait()
        self._listener.join()
        return status, self._said.decode("utf-8", "replace")

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self.result()
        opened(self._process.stdout).close()
        opened(self._process.stderr).close()

    def _listen(self) -> None:
        self._said = opened(self._process.stderr).read()


def promised(said: str) -> Seconds | None:
    """Return the length that ffmpeg read in the file's header, None where it has none, or may mean a video's."""
    found = _DURATION.search(said)
    if found is None or "Video:" in said or "Estimating duration" in said:
        return None
    return Seconds(int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]))


def opened(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that the process was started with."""
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream


def _wav_shape(stream: IO[bytes]) -> tuple[Hz, int] | None:
    """Read a WAV header up to the first sample, from a pipe: its sizes mean nothing yet."""
    if len(stream.read(12)) < 12:
        return None
    shape = None
    while len(head := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return shape
        content = stream.read(size + size % 2)
        if name == b"fmt ":
            _, channels, rate = struct.unpack_from("<HHI", content)
            shape = (Hz(rate), channels)
    return None
