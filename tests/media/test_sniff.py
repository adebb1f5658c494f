from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from bridge.media.sniff import begins_like_audio

# fmt: off
ENDINGS = (
    "wav", "aiff", "flac", "caf", "w64", "mp3", "ogg", "opus", "m4a", "aac", "ac3", "eac3", "mka", "webm", "wma", "wv",
    "tta", "au", "mp2",
)
# fmt: on


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_program_wrote_as_audio_is_audio(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{ending}"
    tone = ["-f", "lavfi", "-i", "sine=d=0.2:r=48000", "-ac", "2", str(path)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *tone], check=True)
    assert begins_like_audio(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"R",
        b"RIFF\0\0\0\0AVI LIST",
        b"# a text that somebody called song.wav\n",
        b"\xff\xfe\0\0U\0T\0F\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04stored in a zip",
        b"\0" * 16,
    ],
)
def test_what_is_something_else_is_not(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    assert not begins_like_audio(path)
