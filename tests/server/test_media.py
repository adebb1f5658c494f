from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.ffmpeg import executable
from bridge.errors import BounceError
from bridge.media.id3 import id3_bytes
from bridge.server.fetching.fetch import require_media

ENDINGS = ["wav", "flac", "mp3", "m4a", "ogg", "opus", "aiff", "aac", "wma", "mka", "webm", "ts", "mp4", "avi", "caf"]
ENDINGS += ["au", "w64", "wv", "tta", "ac3", "mpg", "flv", "mov", "rf64.wav"]


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * 200)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_musician_may_send_is_taken_for_a_medium(tone: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    options = ["-rf64", "always"] if ending.startswith("rf64") else []
    subprocess.run([executable(), "-v", "error", "-i", tone, *options, path], check=True, stdin=subprocess.DEVNULL)
    require_media(path)


LISTS = [
    b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>",
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 5004 RTP/AVP 0\r\n",
    b"[playlist]\nFile1=file:///etc/passwd\n",
    b"<html><body>sign in first</body></html>",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    b"\x89PNG\r\n\x1a\n",
    b"%PDF-1.7",
    b"PK\x03\x04",
    b"G is for text, not for a transport stream",
    b"",
]


def tagged(content: bytes, size: int = 20) -> bytes:
    return (
        b"ID3\x04\x00\x00"
        + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
        + bytes(size)
        + content
    )


@pytest.mark.parametrize("content", LISTS)
def test_a_list_of_other_files_never_reaches_the_decoder(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    # A decoder looks behind a tag, so hiding behind one must not help; nor behind several.
    for hidden in (
        content,
        tagged(content),
        tagged(tagged(content), 300),
        tagged(tagged(tagged(tagged(tagged(content))))),
    ):
        path.write_bytes(hidden)
        with pytest.raises(BounceError, match="neither audio nor video"):
            require_media(path)


def test_music_behind_a_tag_is_music(tmp_path: Path, tone: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(tagged(b"fLaC" + bytes(100), 5000))
    require_media(path)


@given(st.binary(max_size=64))
def test_the_size_of_a_tag_is_never_nonsense(head: bytes) -> None:
    size = id3_bytes(head)
    assert size == 0 or (head.startswith(b"ID3") and 10 <= size <= 20 + (1 << 28))
    assert io.BytesIO(head).read(3) == b"ID3" or size == 0
