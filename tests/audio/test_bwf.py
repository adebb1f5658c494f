from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
import wavinfo
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.bwf import Metadata, read_metadata
from bridge.audio.positions import Ratio
from bridge.audio.riff import MOST_CHUNKS, payload, read_riff
from bridge.audio.wavheader import WavFormat, chunks, wav_header
from bridge.units import Frames, Hz

RATE = Hz(44100)
ONE_HOUR = 3600 * RATE
IXML = (
    b"<BWFXML><PROJECT>Demo &amp; more</PROJECT><FILE_SAMPLE_RATE>44100</FILE_SAMPLE_RATE>"
    b"<TIMESTAMP_SAMPLE_RATE>44100</TIMESTAMP_SAMPLE_RATE>"
    b"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>1</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>"
    b"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>441</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></BWFXML>"
)
CUE = struct.pack("<I", 1) + struct.pack("<II4sIII", 7, 44100, b"data", 0, 0, 44100)
ADTL = b"adtl" + chunks(
    [(b"labl", struct.pack("<I", 7) + b"Chorus\0"), (b"ltxt", struct.pack("<II", 7, 22050) + b"rgn " + bytes(8))]
)
SMPL = struct.pack("<9I", 0, 0, 22676, 60, 0, 0, 0, 1, 0) + struct.pack("<6I", 1, 0, 441, 882, 0, 0)
ACID = struct.pack("<IHHfIHHf", 0, 60, 0, 0, 8, 4, 4, 120.0)
OTHERS = ((b"iXML", IXML), (b"cue ", CUE), (b"LIST", ADTL), (b"acid", ACID), (b"smpl", SMPL))


def bext(time_reference: int = ONE_HOUR, version: int = 2) -> bytes:
    head = b"Verse take".ljust(256, b"\0") + b"Stembridge".ljust(32, b"\0") + b"REF".ljust(32, b"\0")
    head += b"2026-11-2302:53:56" + struct.pack("<QH", time_reference, version)
    return head + b"U" * 64 + struct.pack("<5h", -2300, 700, -100, -2000, -2100) + bytes(180) + b"A=PCM,F=44100\r\n"


def write_wav(path: Path, before: list[tuple[bytes, bytes]], after: tuple[tuple[bytes, bytes], ...] = ()) -> Path:
    form = WavFormat(RATE, 2, 24, float_samples=False)
    tail = chunks(after)
    path.write_bytes(wav_header(form, Frames(100), before, len(tail)) + bytes(600) + tail)
    return path


def test_every_chunk_of_a_bounce_is_read(tmp_path: Path) -> None:
    metadata = read_metadata(write_wav(tmp_path / "bounce.wav", [(b"bext", bext())], OTHERS))
    assert metadata.others == OTHERS
    assert metadata.time_reference == ONE_HOUR


def test_an_rf64_bounce_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "bounce.wav"
    header = wav_header(WavFormat(RATE, 2, 24, float_samples=False), Frames(1 << 31), [(b"bext", bext())])
    at = header.index(b"ds64") + 8
    path.write_bytes(header[: at + 8] + struct.pack("<Q", 600) + header[at + 16 :] + bytes(600) + chunks(OTHERS))
    assert read_metadata(path).time_reference == ONE_HOUR
    assert read_metadata(path).others == OTHERS


@pytest.mark.parametrize("form", ["AIFF", "FLAC"])
def test_other_formats_carry_nothing(form: str, tmp_path: Path) -> None:
    path = tmp_path / "bounce"
    soundfile.write(path, np.zeros((100, 2)), 44100, format=form)
    assert read_metadata(path) == Metadata()


def test_info_lists_and_broken_chunks_are_left_out(tmp_path: Path) -> None:
    broken = (
        (b"LIST", b"INFO" + chunks([(b"ISFT", b"a tool")])),
        (b"cue ", struct.pack("<I", 9000)),
        (b"smpl", bytes(12)),
        (b"acid", ACID),
    )
    metadata = read_metadata(write_wav(tmp_path / "bounce.wav", [(b"bext", bytes(40))], broken))
    assert metadata.bext == b""
    assert metadata.time_reference == 0
    assert metadata.others == ((b"acid", ACID),)


@given(tail=st.binary(max_size=300))
def test_no_bytes_after_the_samples_can_break_reading(tail: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write_wav(tmp_path_factory.mktemp("odd") / "bounce.wav", [])
    path.write_bytes(path.read_bytes() + tail)
    metadata = read_metadata(path)
    assert metadata.rescaled(RATE, Hz(48000)).rescaled(RATE, RATE).bext == b""


def test_positions_follow_the_rate() -> None:
    moved = Metadata(bext(), OTHERS).rescaled(RATE, Hz(88200))
    others = dict(moved.others)
    assert moved.time_reference == 2 * ONE_HOUR
    assert struct.unpack_from("<II4sIII", others[b"cue "], 4) == (7, 88200, b"data", 0, 0, 88200)
    assert struct.unpack_from("<6I", others[b"smpl"], 36)[2:4] == (882, 1764)
    assert struct.unpack_from("<I", others[b"smpl"], 8)[0] == round(1e9 / 88200)
    assert struct.pack("<II", 7, 44100) in others[b"LIST"]
    assert b"Chorus" in others[b"LIST"]
    assert others[b"acid"] == ACID
    assert b"<FILE_SAMPLE_RATE>88200<" in others[b"iXML"]
    assert b"_HI>2<" in others[b"iXML"]
    assert b"_LO>882<" in others[b"iXML"]
    assert b"Demo &amp; more" in others[b"iXML"]


def test_the_same_rate_leaves_every_byte() -> None:
    metadata = Metadata(bext(), OTHERS)
    assert metadata.rescaled(RATE, RATE) == metadata


@given(st.integers(0, 2**62), st.sampled_from([44100, 48000, 96000]), st.sampled_from([44100, 48000, 192000]))
def test_a_moved_position_is_within_half_a_frame(position: int, from_rate: int, to_rate: int) -> None:
    moved = Ratio(Hz(from_rate), Hz(to_rate)).position(position)
    assert abs(moved * from_rate - position * to_rate) * 2 <= from_rate


def test_a_stem_does_not_claim_the_bounces_identity_or_loudness(tmp_path: Path) -> None:
    stem = Metadata(bext()).for_stem()
    read = wavinfo.WavInfoReader(str(write_wav(tmp_path / "stem.wav", [(b"bext", stem.bext)]))).bext
    assert (read.description, read.originator, read.time_reference, read.version) == (
        "Verse take",
        "Stembridge",
        ONE_HOUR,
        1,
    )
    assert stem.bext[348:422] == bytes(74)
    assert stem.bext[422:] == bext()[422:]


def test_a_bounce_without_origin_gets_none_invented() -> None:
    assert Metadata().for_stem() == Metadata()


def test_the_speaker_mask_is_read(tmp_path: Path) -> None:
    path = tmp_path / "surround.wav"
    header = wav_header(WavFormat(RATE, 6, 24, float_samples=False, mask=0x60F), Frames(10))
    path.write_bytes(header + bytes(180))
    assert read_metadata(path).mask == 0x60F


def test_a_chunks_payload_is_found_where_it_is(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "bounce.wav", [(b"bext", bext())], OTHERS)
    riff = read_riff(path)
    assert riff is not None
    found = riff.first(b"iXML")
    assert found is not None
    assert payload(path, found) == IXML


def test_an_hour_of_silence_after_an_unfinished_header_is_not_taken_for_chunks(tmp_path: Path) -> None:
    path = tmp_path / "recording.wav"
    path.write_bytes(wav_header(WavFormat(RATE, 2, 16, float_samples=False), Frames(0)) + bytes(1 << 20))
    riff = read_riff(path)
    assert riff is not None
    assert len(riff.chunks) <= MOST_CHUNKS


def test_text_is_no_riff(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(b"RIFF of the year")
    assert read_riff(path) is None
