from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.riff import read_riff
from bridge.audio.wavheader import DS64_PLACEHOLDER, WavFormat, chunks, wav_header
from bridge.units import Frames, Hz

STEREO_24 = WavFormat(Hz(48000), 2, 24, float_samples=False)
LONGEST_PLAIN = (0xFFFFFFFF - 1 - 36) // 6


@given(
    frames=st.integers(0, 5000),
    channels=st.integers(1, 12),
    sample=st.sampled_from([(16, False), (24, False), (32, True)]),
    bext=st.binary(min_size=602, max_size=700),
)
def test_every_header_is_read_back_with_its_exact_length(
    frames: int, channels: int, sample: tuple[int, bool], bext: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    form = WavFormat(Hz(44100), channels, sample[0], sample[1])
    data = frames * form.frame_bytes
    path = tmp_path_factory.mktemp("header") / "stem.wav"
    after = chunks([(b"iXML", b"<x/>")])
    path.write_bytes(wav_header(form, Frames(frames), [(b"bext", bext)], len(after)) + bytes(data + data % 2) + after)
    riff = read_riff(path)
    assert riff is not None
    assert [chunk.id for chunk in riff.chunks if chunk.id != b"fact"] == [b"bext", b"fmt ", b"data", b"iXML"]
    assert riff.claimed == riff.length
    info = soundfile.info(path)
    assert (info.frames, info.channels, info.samplerate) == (frames, channels, 44100)


def test_a_file_becomes_rf64_exactly_where_32_bits_end() -> None:
    frames = LONGEST_PLAIN
    while wav_header(STEREO_24, Frames(frames))[:4] == b"RF64":
        frames -= 1
    assert (0xFFFFFFFF - frames * 6) - 36 <= 12
    assert wav_header(STEREO_24, Frames(frames + 1))[:4] == b"RF64"
    riff_bytes = struct.unpack_from("<I", wav_header(STEREO_24, Frames(frames)), 4)[0]
    assert riff_bytes == 36 + frames * 6 + frames % 2 * 0


def test_rf64_says_its_sizes_in_ds64_and_comes_with_an_even_bext() -> None:
    frames = Frames(1 << 33)
    header = wav_header(STEREO_24, frames, [(b"bext", bytes(603))], 10)
    assert header[:4] == b"RF64"
    assert header[12:16] == b"ds64"
    riff_bytes, data_bytes, samples = struct.unpack_from("<QQQ", header, 20)
    assert (data_bytes, samples) == (frames * 6, frames)
    assert riff_bytes == len(header) - 8 + data_bytes + 10
    assert struct.unpack_from("<I", header, header.index(b"bext") + 4)[0] == 604


def test_a_placeholder_gives_both_forms_the_same_length() -> None:
    short = wav_header(STEREO_24, Frames(10), [DS64_PLACEHOLDER])
    long = wav_header(STEREO_24, Frames(1 << 33), [DS64_PLACEHOLDER])
    assert len(short) == len(long)


@pytest.mark.skipif(os.name == "nt", reason="the test's sparse file would be written in full")
def test_libsndfile_reads_the_last_frame_of_a_file_over_4_gib(tmp_path: Path) -> None:
    path, frames = tmp_path / "long.wav", Frames((1 << 32) // 6 + 1000)
    header = wav_header(STEREO_24, frames, [(b"bext", bytes(602))])
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + (frames - 1) * 6)
        file.write(bytes([0, 0, 0x40, 0, 0, 0xC0]))
    with soundfile.SoundFile(path) as opened:
        assert opened.frames == frames
        opened.seek(frames - 1)
        assert opened.read(1).tolist() == [[0.5, -0.5]]
    path.unlink()


def test_more_than_two_channels_name_their_speakers() -> None:
    surround = wav_header(WavFormat(Hz(48000), 6, 24, float_samples=False, mask=0x3F), Frames(1))
    at = surround.index(b"fmt ") + 8
    assert struct.unpack_from("<H", surround, at)[0] == 0xFFFE
    assert struct.unpack_from("<I", surround, at + 20)[0] == 0x3F
