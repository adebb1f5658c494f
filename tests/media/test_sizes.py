"""Sizes that writers get wrong, leave open, or cannot write: how much audio is there all the same."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bridge.media.completeness import judge_path
from bridge.media.judgement import AudioExtent, Judgement, Verdict
from tests.media.test_completeness import encoded, judged, verdict, wave_of

GIB = 1 << 30
WRAP = 1 << 32
LIST = b"LIST" + struct.pack("<I", 12) + b"INFOICMT\0\0\0\0"


def test_a_data_size_of_0_before_real_chunks_is_true() -> None:
    found = judged(wave_of(0, b"", after=LIST))
    assert found == Judgement(Verdict.COMPLETE, AudioExtent(44, 0))


def test_a_data_size_of_0_before_audio_means_to_the_end() -> None:
    found = judged(wave_of(0, bytes(range(256)) * 4))
    assert found == Judgement(Verdict.UNSETTLED, AudioExtent(44, 1024, as_declared=False))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFD3])
def test_chunks_behind_audio_of_unknown_size_are_no_audio(size: int) -> None:
    audio = bytes(range(1, 201)) * 2
    extra = b"bext" + struct.pack("<I", 3) + b"abc\0"
    found = judged(wave_of(size, audio + LIST + extra, form=size))
    assert found == Judgement(Verdict.UNSETTLED, AudioExtent(44, 400, as_declared=False))


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0x7FFFFFDB])
def test_what_a_pipe_writes_for_a_size_means_to_the_end(size: int) -> None:
    found = judged(wave_of(size, bytes(400), form=(size + 36) % WRAP))
    assert found == Judgement(Verdict.UNSETTLED, AudioExtent(44, 400, as_declared=False))


def test_a_size_that_is_no_placeholder_and_too_large_is_cut() -> None:
    assert verdict(wave_of(500, bytes(400), form=536)) is Verdict.CUT
    assert verdict(wave_of(2 * GIB - (1 << 20), bytes(400), form=2 * GIB)) is Verdict.CUT


@pytest.mark.parametrize("extra", [1, 2, 8, 36])
def test_a_form_that_counts_too_much_lacks_no_audio(extra: int) -> None:
    wav = wave_of(400, bytes(400), form=436 + extra)
    assert judged(wav).extent == AudioExtent(44, 400)
    assert verdict(wav) in (Verdict.UNSETTLED, Verdict.COMPLETE)
    aiff = bytearray(encoded("AIFF", "PCM_16"))
    aiff[4:8] = struct.pack(">I", len(aiff) - 8 + extra)
    assert verdict(bytes(aiff)) is not Verdict.CUT
    w64 = bytearray(encoded("W64", "PCM_16"))
    w64[16:24] = struct.pack("<Q", len(w64) + extra)
    assert verdict(bytes(w64)) is not Verdict.CUT


def test_a_data_size_that_counts_its_own_header_is_a_slip_where_the_form_fits_the_file() -> None:
    found = judged(wave_of(408, bytes(400), form=436))
    assert found == Judgement(Verdict.UNSETTLED, AudioExtent(44, 400, as_declared=False))


def sparse(path: Path, head: bytes, audio: int, after: bytes = b"") -> Path:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + audio)
        file.seek(0, 2)
        file.write(after)
    return path


@pytest.mark.parametrize("after", [b"", LIST])
@pytest.mark.parametrize("audio", [WRAP + 88_200 * 4, 2 * WRAP + 4096, 3 * WRAP])
def test_sizes_of_a_wav_that_overflowed_are_completed(tmp_path: Path, audio: int, after: bytes) -> None:
    head = wave_of(audio % WRAP, b"", form=(36 + audio + len(after)) % WRAP)
    found = judge_path(sparse(tmp_path / "long.wav", head, audio, after))
    assert found.extent == AudioExtent(44, audio, as_declared=False)
    assert found.verdict is not Verdict.CUT


def test_sizes_of_an_aiff_that_overflowed_are_completed(tmp_path: Path) -> None:
    audio = WRAP + 88_200 * 4
    head = b"FORM" + struct.pack(">I", (46 + audio) % WRAP) + b"AIFFCOMM"
    head += struct.pack(">IHIH", 18, 2, audio // 4, 16) + bytes.fromhex("400eac44000000000000")
    head += b"SSND" + struct.pack(">III", (audio + 8) % WRAP, 0, 0)
    found = judge_path(sparse(tmp_path / "long.aiff", head, audio))
    assert found == Judgement(Verdict.COMPLETE, AudioExtent(len(head), audio, as_declared=False))


def test_a_wav_that_overflowed_and_then_was_cut_is_cut(tmp_path: Path) -> None:
    head = wave_of(5 * GIB % WRAP, b"", form=(36 + 9 * GIB) % WRAP)
    assert judge_path(sparse(tmp_path / "long.wav", head, 5 * GIB + 4096)).verdict is Verdict.CUT


def test_a_missing_pad_byte_before_the_audio_does_not_hide_it() -> None:
    odd = wave_of(400, bytes(400)).replace(b"fmt ", b"ICMT" + struct.pack("<I", 3) + b"abc" + b"fmt ")
    assert judged(odd).extent == AudioExtent(55, 400)


def test_an_au_says_how_long_it_is_or_not() -> None:
    content = encoded("AU", "PCM_16")
    assert verdict(content) is Verdict.COMPLETE
    assert verdict(content[:-1]) is Verdict.CUT
    assert verdict(content[:8] + b"\xff\xff\xff\xff" + content[12:]) is Verdict.UNSETTLED


def test_a_tag_before_a_container_is_stepped_over() -> None:
    tag = b"ID3\x04\0\0\0\0\0\x10" + bytes(16)
    assert judged(tag + wave_of(400, bytes(400))) == Judgement(Verdict.COMPLETE, AudioExtent(70, 400))
    flac = encoded("FLAC", "PCM_16")
    assert verdict(tag + flac) is Verdict.COMPLETE
    assert verdict(tag + flac[:-10]) is Verdict.CUT
