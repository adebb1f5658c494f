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
from bridge.audio.decoding import Stream
from bridge.audio.wavheader import EXTENSIBLE
from bridge.errors import EngineUnavailable
from bridge.units import Hz, Seconds

STRICT = ("-xerror", "-err_detect", "crccheck+explode")
TO_THE_END = ()

FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,ast,au,avi,avr,caf,dsf,dts,dtshd,dv,eac3,flac,flv,gxf,iff,ircam,loas,matroska,mlp,mmf,mov,"
    "mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,osq,paf,qcp,rm,sds,shn,sox,spdif,tak,truehd,tta,voc,vqf,w64,wav,"
    "wsd,wtv,wv,wve,xwma"
)
"""The only demuxers that ffmpeg may use for a foreign file: audio and video containers that never open a second file.

Manifests, playlists and image sequences (dash, hls, concat, imf, image2, sdp, ...) would read whatever path they name.
"""

_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)(?:, start: (-?[\d.]+))?")
_TRACK = re.compile(r"^ +Stream #0:\d+.*: (?:Audio|Video|Subtitle|Data): .*$", re.MULTILINE)
_ERROR = re.compile(r"[Ii]nvalid|[Ee]rror|corrupt|missing|[Cc]ould not|fail")
_PREFIX = re.compile(r"^(?:\[[^\]]*\] ?)+")


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


def open_foreign(source: Path, part: tuple[int, int] | None = None) -> list[str]:
    """Return the arguments that open a file of unknown origin, and nothing else that it may name.

    `part` is the range of bytes to read, where that is not the whole file.
    """
    protocols, url = "file,pipe", f"file:{source}"
    if part is not None:
        protocols, url = "subfile,file,pipe", f"subfile,,start,{part[0]},end,{part[1]},,:{url}"
    return ["-protocol_whitelist", protocols, "-format_whitelist", FORMATS, "-i", url]


class Decoder:
    """A running ffmpeg that decodes the first audio stream of one file to float32; a context manager.

    It opens no other file and no connection, whatever the file names. `options` say what it does where the file is
    damaged: `STRICT` stops, which ends it with a status that is not 0; `TO_THE_END` takes what there is.
    `shape` is None where ffmpeg found nothing to decode. The channels come in WAV's order, whatever the format's is.
    """

    def __init__(self, source: Path, options: Sequence[str], part: tuple[int, int] | None = None) -> None:
        command = [executable(), "-nostdin", "-hide_banner", "-nostats", *options, *open_foreign(source, part)]
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
        channels = self.shape.channels
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
    """Return the length of the audio that the file's header declares, None where it declares none that can be compared.

    It is less where the audio starts late. With several tracks it would be the longest one's, so that it says nothing;
    an attached picture is no track. An MP4 is judged by its
    index instead: what its encoder delay trims is not in the length that ffmpeg reports.
    """
    banner = said.partition("Stream mapping:")[0]
    found = _DURATION.search(banner)
    tracks = [line for line in _TRACK.findall(banner) if "(attached pic)" not in line]
    if found is None or len(tracks) != 1 or "Estimating duration" in said or "Input #0, mov," in banner:
        return None
    start = float(found[4] or 0)
    return Seconds(int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) - max(0.0, start))


def ends_early(said: str) -> bool:
    """Say whether ffmpeg noticed that the file ends before what its own index lists."""
    return "partial file" in said or "File ended prematurely" in said


def reason(said: str) -> str:
    """Return the first error that ffmpeg reported, without its technical prefix."""
    lines = said.partition("Press [q]")[2].splitlines()[1:] or said.splitlines()
    errors = [line for line in lines if _ERROR.search(line)] or [line for line in lines if line.strip()]
    return _PREFIX.sub("", errors[0]).strip() if errors else "ffmpeg gave no reason."


def opened(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that the process was started with."""
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream


def _wav_shape(stream: IO[bytes]) -> Stream | None:
    """Read a WAV header up to the first sample, from a pipe: its sizes are not known yet."""
    if len(stream.read(12)) < 12:
        return None
    shape = None
    while len(head := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return shape
        content = stream.read(size + size % 2)
        if name == b"fmt ":
            tag, channels, rate = struct.unpack_from("<HHI", content)
            mask = int.from_bytes(content[20:24], "little") if tag == EXTENSIBLE else 0
            shape = Stream(Hz(rate), channels, mask)
    return None
