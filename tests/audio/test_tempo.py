from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.ffmpeg import executable
from bridge.audio.tempo import read_tempo
from bridge.audio.wavheader import WavFormat, chunks, wav_header
from bridge.units import Frames, Hz

LOOP, ONE_SHOT = 0, 1
ASWG = b"<BWFXML><ASWG><inKey>Am</inKey><tempo>93.5</tempo></ASWG></BWFXML>"
STEINBERG = (
    b"<BWFXML><STEINBERG><ATTR_LIST><ATTR><TYPE>string</TYPE><NAME>MediaComment</NAME><VALUE>7</VALUE></ATTR>"
    b"<ATTR><TYPE>float</TYPE><NAME>MusicalTempo</NAME><VALUE>87.25</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>"
)
XMP = b'<x:xmpmeta><rdf:Description xmpDM:tempo="111.5" xmpDM:key="C"/></x:xmpmeta>'
XMP_ELEMENT = b"<x:xmpmeta><rdf:Description><xmpDM:tempo>112</xmpDM:tempo></rdf:Description></x:xmpmeta>"


def acid(tempo: float, flags: int = LOOP) -> bytes:
    return struct.pack("<IHHfIHHf", flags, 60, 0x8000, 0.0, 8, 4, 4, tempo)


def wave(path: Path, *after: tuple[bytes, bytes]) -> Path:
    tail = chunks(after)
    header = wav_header(WavFormat(Hz(44_100), 1, 16, float_samples=False), Frames(100), (), len(tail))
    path.write_bytes(header + bytes(200) + tail)
    return path


def encoded(path: Path, tag: str) -> Path:
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", "sine=d=0.1", "-metadata", tag]
    into_aiff = ["-write_id3v2", "1"] if path.suffix == ".aiff" else []
    subprocess.run([*command, *into_aiff, str(path)], check=True)
    return path


def id3_of(path: Path) -> bytes:
    """The tag at the start of an MP3: its length is in four times seven bits (ID3v2.4, section 3.1)."""
    content = path.read_bytes()
    a, b, c, d = content[6:10]
    return content[: 10 + (a << 21 | b << 14 | c << 7 | d)]


@pytest.mark.parametrize(
    ("chunk", "tempo"),
    [
        ((b"acid", acid(119.99)), 119.99),
        ((b"iXML", ASWG), 93.5),
        ((b"iXML", STEINBERG), 87.25),
        ((b"_PMX", XMP), 111.5),
        ((b"_PMX", XMP_ELEMENT), 112.0),
    ],
)
def test_a_waves_own_chunks_name_the_tempo(chunk: tuple[bytes, bytes], tempo: float, tmp_path: Path) -> None:
    assert read_tempo(wave(tmp_path / "bounce.wav", chunk)) == tempo


@pytest.mark.parametrize(
    ("name", "tag", "tempo"),
    [
        ("bounce.mp3", "TBPM=124", 124.0),
        ("bounce.aiff", "TBPM=88,5", 88.5),
        ("bounce.flac", "BPM=93.25", 93.25),
        ("bounce.ogg", "bpm=140", 140.0),
        ("bounce.caf", "tempo=101", 101.0),
    ],
)
def test_tags_name_the_tempo(name: str, tag: str, tempo: float, tmp_path: Path) -> None:
    assert read_tempo(encoded(tmp_path / name, tag)) == tempo


def test_an_id3_tag_inside_a_wave_counts_too(tmp_path: Path) -> None:
    tag = id3_of(encoded(tmp_path / "tagged.mp3", "TBPM=124"))
    assert read_tempo(wave(tmp_path / "bounce.wav", (b"id3 ", tag))) == 124.0


@pytest.mark.system("sndfile-info")
@pytest.mark.parametrize("flags", [LOOP, ONE_SHOT])
def test_the_acid_chunk_is_read_as_libsndfile_reads_it(flags: int, tmp_path: Path) -> None:
    path = wave(tmp_path / "bounce.wav", (b"acid", acid(93.5, flags)))
    said = subprocess.run(["sndfile-info", str(path)], capture_output=True, text=True).stdout
    assert re.search(r"Tempo\s*: 93\.5", said)


@pytest.mark.parametrize(
    "chunk",
    [
        (b"acid", acid(120.0, ONE_SHOT)),
        (b"acid", acid(0.0)),
        (b"acid", acid(float("nan"))),
        (b"acid", acid(float("inf"))),
        (b"acid", acid(120.0)[:20]),
        (b"iXML", b"<BWFXML><PROJECT><tempo>120</tempo></PROJECT></BWFXML>"),
        (b"iXML", b"<BWFXML><ASWG><tempo>fast</tempo></ASWG></BWFXML>"),
        (b"iXML", b"<BWFXML><ASWG><tempo>1.5</tempo></ASWG></BWFXML>"),
        (b"_PMX", b"<xmpDM:tempoo>120</xmpDM:tempoo>"),
        (b"id3 ", b"ID3\x04\x00\x00\x00\x00\x00\x7f"),
    ],
)
def test_no_tempo_is_better_than_a_wrong_one(chunk: tuple[bytes, bytes], tmp_path: Path) -> None:
    assert read_tempo(wave(tmp_path / "bounce.wav", chunk)) is None


def test_a_field_that_was_not_filled_in_gives_way_to_one_that_was(tmp_path: Path) -> None:
    assert read_tempo(wave(tmp_path / "bounce.wav", (b"acid", acid(0.0)), (b"iXML", ASWG))) == 93.5


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no audio at all" * 50])
def test_what_is_no_audio_has_no_tempo(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bounce").write_bytes(content)
    assert read_tempo(tmp_path / "bounce") is None


@given(content=st.binary(max_size=64), name=st.sampled_from([b"acid", b"iXML", b"_PMX"]))
def test_damaged_chunks_are_survived(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: bytes) -> None:
    tempo = read_tempo(wave(tmp_path_factory.getbasetemp() / "damaged.wav", (name, content)))
    assert tempo is None or 20 <= tempo <= 999
