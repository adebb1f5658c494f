"""Files that ask the decoder to open another file or a connection: none may read what is not in the file itself."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from bridge.audio.decode import decode
from bridge.audio.ffmpeg import FORMATS
from bridge.audio.tempo import read_tempo
from bridge.errors import BounceError

RATE = 44100
OPENERS = {
    "applehttp",
    "concat",
    "dash",
    "data",
    "dvdvideo",
    "ffmetadata",
    "hls",
    "image2",
    "imf",
    "lavfi",
    "libopenmpt",
}
OPENERS |= {"mpjpeg", "realtext", "redir", "rtp", "rtsp", "sami", "sap", "sdp", "smil", "srt", "tedcaptions", "tty"}
OPENERS |= {"image2pipe", "libgme", "live_flv", "txd", "vobsub", "webm_dash_manifest", "webvtt"}
"""ffmpeg's demuxers that open other resources, or read any text or bytes as media."""


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A local media file that does not belong to whoever sent the foreign one."""
    folder = tmp_path / "private"
    folder.mkdir()
    source = folder / "tone.wav"
    soundfile.write(source, np.full((RATE, 2), 0.25, np.float32), RATE, subtype="PCM_16")
    ffmpeg("-i", str(source), "-c:a", "aac", str(folder / "song.m4a"))
    ffmpeg("-i", str(source), "-c:a", "aac", str(folder / "song.ts"))
    return folder / "song.m4a"


def ffmpeg(*arguments: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)


def dash(victim: Path) -> bytes:
    return f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="audio">
<Representation id="0" mimeType="audio/mp4" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="44100">
<BaseURL>file://{victim}</BaseURL></Representation></AdaptationSet></Period></MPD>""".encode()


def hls(victim: Path) -> bytes:
    segment = victim.with_suffix(".ts")
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{segment}\n#EXT-X-ENDLIST\n".encode()


def concat(victim: Path) -> bytes:
    return f"ffconcat version 1.0\nfile '{victim}'\n".encode()


def imf(victim: Path) -> bytes:
    return (
        '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
        f"<Id>urn:uuid:1</Id><Path>file://{victim}</Path></CompositionPlaylist>"
    ).encode()


def sdp(_victim: Path) -> bytes:
    return b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"


def rtsp(victim: Path) -> bytes:
    return f"[Reference]\nRef1=file://{victim}\nRef2=rtsp://127.0.0.1:9/a\n".encode()


def smil(victim: Path) -> bytes:
    return f'<smil><body><audio src="file://{victim}"/></body></smil>'.encode()


def ffmetadata(victim: Path) -> bytes:
    return f";FFMETADATA1\ntitle=file://{victim}\n".encode()


def tedcaptions(victim: Path) -> bytes:
    return (
        '{"captions":[{"duration":3000,"content":"file://' + str(victim) + '","startOfParagraph":true,"startTime":0}]}'
    ).encode()


def webm_dash(victim: Path) -> bytes:
    return dash(victim).replace(b"audio/mp4", b"audio/webm")


def vobsub(victim: Path) -> bytes:
    return f"# VobSub index file, v7\nsize: 720x576\nid: file://{victim}, index: 0\n".encode()


def external_reference(victim: Path) -> bytes:
    """A QuickTime file whose only track says by an alias that its samples are in another file."""
    content = victim.read_bytes()
    name = victim.name.encode()
    folder = str(victim).encode()
    alias = struct.pack(">IHH", 0, 150 + 4 + len(folder) + len(folder) % 2 + 4, 2) + bytes(2)
    alias += bytes([3]) + b"HD ".ljust(27, b"\0") + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0")
    alias += bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    alias += struct.pack(">HH", 2, len(folder)) + folder + bytes(len(folder) % 2) + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    at = content.index(b"url \0\0\0\1") - 4
    grown = bytearray(content[:at] + entry + content[at + 12 :])
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        size_at = grown.rindex(box, 0, at + 4) - 4
        struct.pack_into(">I", grown, size_at, struct.unpack_from(">I", grown, size_at)[0] + len(entry) - 12)
    return bytes(grown)


@pytest.mark.parametrize(
    "clip",
    [dash, webm_dash, hls, concat, imf, sdp, rtsp, smil, ffmetadata, tedcaptions, vobsub, external_reference],
)
@pytest.mark.parametrize("name", ["bounce.wav", "bounce.mp4", "bounce"])
def test_a_file_that_names_another_one_is_refused(
    clip: Callable[[Path], bytes], name: str, victim: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / name, tmp_path / "canonical.wav"
    source.write_bytes(clip(victim))
    with pytest.raises(BounceError):
        decode(source, target)
    assert not target.exists()


@pytest.mark.parametrize("suffix", ["mpd", "m3u8", "ffconcat", "sdp", "xml"])
def test_the_suffix_of_a_playlist_opens_nothing_either(suffix: str, victim: Path, tmp_path: Path) -> None:
    clip = {"mpd": dash, "m3u8": hls, "ffconcat": concat, "sdp": sdp, "xml": imf}[suffix]
    source = tmp_path / f"bounce.{suffix}"
    source.write_bytes(clip(victim))
    with pytest.raises(BounceError):
        decode(source, tmp_path / "canonical.wav")


def test_a_name_with_a_pattern_opens_no_other_file(victim: Path, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"frame{number}.png").write_bytes(victim.read_bytes())
    source = tmp_path / "frame%d.png"
    source.write_bytes(b"no picture")
    with pytest.raises(BounceError):
        decode(source, tmp_path / "canonical.wav")


def test_the_tempo_is_not_read_from_another_file(victim: Path, tmp_path: Path) -> None:
    tagged = tmp_path / "tagged.mp3"
    ffmpeg("-i", str(victim), "-metadata", "TBPM=93", str(tagged))
    assert read_tempo(tagged) == 93
    source = tmp_path / "bounce.mp3"
    source.write_bytes(concat(tagged))
    assert read_tempo(source) is None


def test_no_demuxer_that_opens_other_files_is_allowed() -> None:
    allowed = set(FORMATS.split(","))
    assert not allowed & OPENERS
    assert not any(name.endswith("_pipe") for name in allowed)


def test_every_allowed_demuxer_is_known_to_ffmpeg() -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-demuxers"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    known = {name for line in listed.splitlines() if line.startswith(" D") for name in line[4:].split()[0].split(",")}
    assert set(FORMATS.split(",")) <= known


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.m4a", ["-c:a", "aac"]),
        ("a.mov", ["-c:a", "pcm_s16le"]),
        ("a.mkv", ["-c:a", "flac"]),
        ("a.webm", ["-c:a", "libopus"]),
        ("a.wv", []),
        ("a.tta", []),
        ("a.wma", []),
        ("a.ac3", []),
        ("a.eac3", []),
        ("a.dts", ["-strict", "-2"]),
        ("a.aac", []),
        ("a.ts", ["-c:a", "mp2"]),
        ("a.avi", ["-c:a", "mp3"]),
        ("a.flv", ["-c:a", "mp3"]),
        ("a.caf", []),
        ("a.mpg", ["-c:a", "mp2"]),
        ("a.3gp", ["-c:a", "aac"]),
        ("a.voc", []),
        ("a.nut", ["-c:a", "pcm_s16le"]),
        ("a.thd", ["-c:a", "truehd", "-strict", "-2"]),
    ],
)
def test_what_a_musician_has_still_decodes(name: str, options: list[str], victim: Path, tmp_path: Path) -> None:
    source = tmp_path / name
    ffmpeg("-i", str(victim.with_name("tone.wav")), *options, str(source))
    canonical = decode(source, tmp_path / "canonical.wav")
    assert canonical.frames / canonical.sample_rate == pytest.approx(1, abs=0.1)
