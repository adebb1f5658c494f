from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from bridge.media.completeness import recognise_path
from bridge.media.formats import FORMATS, SUFFIXES

# fmt: off
ENDINGS = (
    "wav", "aiff", "flac", "caf", "w64", "mp3", "ogg", "opus", "m4a", "aac", "ac3", "eac3", "mka", "webm", "wma", "wv",
    "tta", "au", "mp2", "wmv", "avi", "voc", "3gp", "mov", "mkv", "ts", "mpg", "flv", "ogv",
)
# fmt: on


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_program_wrote_as_audio_is_audio(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{ending}"
    rate = {"3gp": "8000"}.get(ending, "48000")
    channels = "1" if ending == "3gp" else "2"
    codec = ["-c:a", "aac"] if ending == "3gp" else []
    tone = ["-f", "lavfi", "-i", f"sine=d=0.2:r={rate}", "-ac", channels, *codec, str(path)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *tone], check=True)
    found = recognise_path(path)
    assert found is not None
    assert path.suffix in found.suffixes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"R",
        b"RIFF\0\0\0\0WEBPVP8 ",
        "a text in UTF-16 that somebody called song.wav".encode("utf-16"),
        "Ein Text, der weitergeht. ".encode("utf-16") * 400,
        b"\xef\xbb\xbf#EXTM3U\n\xff\xfb\x90\x00" + bytes(413) + b"\xff\xfb\x90\x00" + bytes(413),
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
    assert recognise_path(path) is None


def test_frames_of_mp3_are_found_behind_a_tag_that_gives_its_length_wrong(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    path.write_bytes(b"ID3\x04\0\0\0\0\0\x05" + bytes(300) + frame * 4)
    found = recognise_path(path)
    assert found is not None
    assert found.name == "MPEG audio"


def test_no_suffix_stands_in_two_rows() -> None:
    assert sum(len(row.suffixes) for row in FORMATS) == len(SUFFIXES)
