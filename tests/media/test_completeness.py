from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from bridge.media.completeness import judge
from bridge.media.judgement import Judgement, Verdict

FORMATS = [
    ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("RF64", "PCM_24"),
    ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AIFF", "PCM_24"), ("AIFF", "FLOAT"), ("CAF", "PCM_16"), ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
]  # fmt: skip
CHUNKS = 32


@cache
def encoded(container: str, subtype: str, frames: int = 9000, channels: int = 1) -> bytes:
    noise = np.random.default_rng(frames + channels).standard_normal((frames, channels)) * 0.1
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, 48000, format=container, subtype=subtype)
    return buffer.getvalue()


@cache
def muxed(suffix: str, *options: str) -> bytes:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-loglevel", "error", "-f", "lavfi", "-i", "anoisesrc=d=0.2:r=48000:seed=1", *options]
    target = Path(subprocess.check_output(["mktemp", f"--suffix={suffix}"], text=True).strip())
    try:
        subprocess.run([*command, "-y", str(target)], check=True)
        return target.read_bytes()
    finally:
        target.unlink()


def judged(content: bytes) -> Judgement:
    return judge(io.BytesIO(content))


def verdict(content: bytes) -> Verdict:
    return judged(content).verdict


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
def test_what_libsndfile_wrote_is_complete(container: str, subtype: str) -> None:
    for frames in (1, 2, 4096, 4097, 9000):
        for channels in (1, 2):
            assert verdict(encoded(container, subtype, frames, channels)) is Verdict.COMPLETE


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".wav", ()),
        (".wav", ("-rf64", "always")),
        (".aiff", ()),
        (".caf", ("-c:a", "pcm_s24le")),
        (".w64", ()),
        (".flac", ()),
        (".ogg", ("-c:a", "libvorbis")),
        (".opus", ("-c:a", "libopus")),
        (".m4a", ("-c:a", "aac")),
        (".m4a", ("-c:a", "alac")),
        (".m4a", ("-c:a", "aac", "-movflags", "faststart")),
        (".mov", ("-c:a", "pcm_s16le")),
    ],
)
def test_what_ffmpeg_wrote_is_complete_and_no_beginning_of_it_is(suffix: str, options: tuple[str, ...]) -> None:
    content = muxed(suffix, *options)
    assert verdict(content) is Verdict.COMPLETE
    for length in {*range(0, len(content), 97), *range(len(content) - 40, len(content))}:
        assert verdict(content[:length]) is not Verdict.COMPLETE


@given(
    st.sampled_from([row for row in FORMATS if row[0] != "FLAC"]), st.integers(1, 3000), st.integers(1, 2), st.data()
)
def test_no_beginning_of_a_file_is_complete(
    row: tuple[str, str], frames: int, channels: int, data: st.DataObject
) -> None:
    """The law: a file that lacks a byte of what it declares is not complete (a pad byte holds nothing)."""
    content = encoded(*row, frames, channels)
    pad = 1 if frames * channels % 2 and row[1] in ("PCM_U8", "PCM_24") else 0
    length = data.draw(st.integers(0, len(content) - 1 - pad))
    assert verdict(content[:length]) is not Verdict.COMPLETE


def test_beginnings_of_a_flac_pass_no_more_often_than_its_checksum_allows() -> None:
    """The last frame's CRC has 16 bits: one wrong frame in 65,536 is let through, and only ever the last frame."""
    content = encoded("FLAC", "PCM_16", 9000, 1)
    passed = [length for length in range(0, len(content), 7) if verdict(content[:length]) is Verdict.COMPLETE]
    assert len(passed) <= 1
    assert verdict(content) is Verdict.COMPLETE


def test_a_flac_that_lacks_its_last_whole_frame_is_cut() -> None:
    content = encoded("FLAC", "PCM_16", 4096 * 3, 1)
    frames = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xf8"]
    assert len(frames) >= 3
    for at in frames[1:]:
        assert verdict(content[:at]) is Verdict.CUT


def test_a_flac_with_an_old_tag_behind_it_is_complete() -> None:
    assert verdict(encoded("FLAC", "PCM_16") + b"TAG" + bytes(125)) is Verdict.COMPLETE


def wave_of(
    data_size: int, data: bytes, *, form: int | None = None, after: bytes = b"", magic: bytes = b"RIFF"
) -> bytes:
    body = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16)
    body += b"data" + struct.pack("<I", data_size) + data + after
    return magic + struct.pack("<I", len(body) if form is None else form) + body


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_without_a_size_yet_is_not_settled(size: int) -> None:
    assert verdict(wave_of(size, bytes(400), form=36)) is Verdict.UNSETTLED
    assert verdict(wave_of(400, bytes(400), form=size)) is Verdict.UNSETTLED


def test_a_wav_cut_in_what_comes_after_its_audio_lacks_none_and_may_still_be_written() -> None:
    whole = wave_of(400, bytes(400), after=b"bext" + struct.pack("<I", 8) + bytes(8))
    assert verdict(whole) is Verdict.COMPLETE
    assert all(verdict(whole[:-cut]) is Verdict.UNSETTLED for cut in range(1, 17))
    assert verdict(whole[:-17]) is Verdict.CUT


def test_a_wav_with_something_behind_its_form_is_complete() -> None:
    assert verdict(wave_of(400, bytes(400)) + b"trailing garbage") is Verdict.COMPLETE


def test_a_missing_pad_byte_at_the_very_end_is_forgiven() -> None:
    padded = wave_of(401, bytes(401) + b"\0")
    assert verdict(padded) is verdict(padded[:-1]) is Verdict.COMPLETE
    assert verdict(padded[:-2]) is Verdict.CUT


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize(
    ("data_size", "expected"), [(400, Verdict.COMPLETE), (900, Verdict.CUT), (0, Verdict.UNSETTLED)]
)
def test_a_wide_wav_takes_its_sizes_from_ds64(magic: bytes, data_size: int, expected: Verdict) -> None:
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 72 + 400, data_size, 100, 0)
    body = b"WAVE" + ds64 + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16)
    content = magic + b"\xff\xff\xff\xff" + body + b"data\xff\xff\xff\xff" + bytes(400)
    assert len(content) == 80 + 400
    assert verdict(content) is expected


@pytest.mark.parametrize("build", [lambda whole: whole[:60] + bytes(5000), lambda _: bytes(5000)])
def test_a_preallocated_file_whose_header_is_not_written_is_not_complete(build: Callable[[bytes], bytes]) -> None:
    with_list = wave_of(400, bytes(400)).replace(b"fmt ", b"LIST" + struct.pack("<I", 24) + bytes(24) + b"fmt ")
    assert verdict(build(with_list)) is not Verdict.COMPLETE


@pytest.mark.parametrize(
    "content",
    [
        b"just some text, at least sixteen bytes of it",
        b"\xff\xfb\x90\x00" + bytes(400),
        b"RIFF\0\0\0\0AVI " + bytes(99),
    ],
    ids=["text", "mp3", "avi"],
)
def test_what_is_no_known_container_is_left_to_the_decoder(content: bytes) -> None:
    assert verdict(content) is Verdict.COMPLETE


@pytest.mark.parametrize("length", [0, 1, 4, 15])
def test_what_is_too_short_to_be_anything_is_not_complete(length: int) -> None:
    assert verdict((b"RIFF" + bytes(20))[:length]) is Verdict.CUT


@given(st.sampled_from([b"RIFF", b"RF64", b"FORM", b"caff", b"fLaC", b"OggS", b"riff"]), st.binary(max_size=600))
def test_garbage_behind_a_known_beginning_gets_some_verdict(magic: bytes, rest: bytes) -> None:
    verdict(magic + rest)
    verdict(magic + b"\0\0\0\0WAVE" + rest)
    verdict(magic + b"\0\0\0\0AIFF" + rest)
    verdict(b"\0\0\0\x10ftypisom" + rest)


def test_a_muxer_that_has_not_written_its_index_yet_is_not_complete() -> None:
    content = muxed(".m4a", "-c:a", "aac")
    index = content.index(b"moov") - 4
    assert verdict(content[:index]) is Verdict.UNSETTLED
