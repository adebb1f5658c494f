"""What is read is what is in the file: every format, in blocks, whatever its header leaves out or gets wrong."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.audio import by_soundfile, decode, ffmpeg, pcm
from bridge.audio.canonical import float_wav
from bridge.audio.mix import Canonical
from bridge.errors import BounceError
from bridge.media.completeness import judge_path

Samples = NDArray[np.float32]
RATE, FRAMES = 44100, 150011
LOUD_FIRST = "vbr-without-header.mp3"

ENCODINGS: dict[str, list[str]] = {
    "cbr.mp3": ["-b:a", "128k"],
    "vbr.mp3": ["-q:a", "2"],
    "low.mp3": ["-q:a", "9", "-ar", "22050"],
    "mono.mp3": ["-q:a", "4", "-ac", "1"],
    LOUD_FIRST: ["-q:a", "2", "-write_xing", "0"],
    "cbr-without-header.mp3": ["-b:a", "160k", "-write_xing", "0"],
    "a.mp2": [],
    "a.ogg": ["-c:a", "libvorbis", "-q:a", "6"],
    "a.opus": [],
    "ogg-flac.oga": ["-c:a", "flac"],
    "a.flac": [],
    "a.wav": [],
    "24.wav": ["-c:a", "pcm_s24le"],
    "mu.wav": ["-c:a", "pcm_mulaw"],
    "adpcm.wav": ["-c:a", "adpcm_ms"],
    "a.aiff": [],
    "a.caf": [],
    "a.w64": ["-c:a", "pcm_s16le"],
    "a.au": [],
    "aac.m4a": ["-c:a", "aac"],
    "alac.m4a": ["-c:a", "alac"],
    "a.aac": [],
    "a.wv": [],
    "a.tta": [],
    "a.wma": [],
    "a.ac3": [],
    "a.mka": ["-c:a", "libvorbis"],
}
BY_SOUNDFILE = {
    "cbr.mp3",
    "vbr.mp3",
    "low.mp3",
    "mono.mp3",
    "a.ogg",
    "a.flac",
    "a.wav",
    "24.wav",
    "mu.wav",
    "adpcm.wav",
}
BY_SOUNDFILE |= {"a.aiff", "a.caf", "a.w64", "a.au"}


def run_ffmpeg(*arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a file of music that is loud first and then soft, once for each name."""
    folder = tmp_path_factory.mktemp("formats")
    time = np.arange(FRAMES) / RATE
    noise = np.random.default_rng(1).standard_normal(FRAMES) * np.where(time < 1, 0.3, 0.002)
    tone = np.sin(2 * np.pi * (200 + 300 * time) * time) * np.where(time < 1, 0.4, 0.01)
    soundfile.write(folder / "source.wav", np.stack([tone, noise + tone / 2], axis=1), RATE, subtype="PCM_16")

    def make(name: str, *options: str) -> Path:
        target = folder / name
        if not target.exists():
            run_ffmpeg("-i", str(folder / "source.wav"), *(options or ENCODINGS[name]), str(target))
        return target

    return make


@pytest.fixture
def decoded(tmp_path: Path) -> Callable[[Path], Canonical]:
    return lambda source: decode.decode(source, tmp_path / "canonical.wav")


def samples_of(canonical: Canonical) -> Samples:
    return np.asarray(soundfile.read(canonical.path, dtype="float32", always_2d=True)[0])


def one_shot(source: Path) -> Samples:
    """Decode by the same decoder, in one piece."""
    if source.name in BY_SOUNDFILE:
        with by_soundfile.open_forward(source) as file:
            return np.asarray(file.read(2 * FRAMES, dtype="float32", always_2d=True))
    raw = run_ffmpeg("-i", str(source), "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1")
    channels = 1 if source.name.startswith("mono") else 2
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


@pytest.mark.parametrize("block_frames", [997, 12288])
@pytest.mark.parametrize("name", ENCODINGS)
def test_a_decode_in_blocks_equals_one_in_a_single_piece(
    name: str,
    block_frames: int,
    made: Callable[..., Path],
    decoded: Callable[[Path], Canonical],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (by_soundfile, ffmpeg, pcm):
        monkeypatch.setattr(module, "BLOCK_FRAMES", block_frames)
    source = made(name)
    np.testing.assert_array_equal(samples_of(decoded(source)), one_shot(source))


@pytest.mark.parametrize("name", [LOUD_FIRST, "cbr-without-header.mp3", "a.mp2"])
@pytest.mark.parametrize("behind", [b"", b"TAG".ljust(128), bytes(1000), b"garbage" * 300], ids=range(4))
def test_mpeg_audio_without_a_count_is_read_to_its_end(
    name: str, behind: bytes, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / name
    source.write_bytes(made(name).read_bytes() + behind)
    canonical = decoded(source)
    assert FRAMES <= canonical.frames <= FRAMES + 2 * 1152


def test_two_mp3_files_joined_are_read_both(
    made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / "joined.mp3"
    source.write_bytes(made("vbr.mp3").read_bytes() * 2)
    assert decoded(source).frames >= 2 * FRAMES


@pytest.mark.parametrize("name", ["vbr.mp3", "cbr.mp3"])
def test_an_mp3_that_lacks_bytes_that_its_header_counts_is_cut_off(
    name: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / name
    source.write_bytes(made(name).read_bytes()[:-2000])
    assert refused(source, decoded) == "bounce.truncated"


@pytest.mark.parametrize("name", ["a.ogg", "a.opus"])
def test_every_link_of_a_chained_ogg_is_read(
    name: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    other = made(f"other{Path(name).suffix}", "-af", "volume=0.5", "-c:a", "libopus" if "opus" in name else "libvorbis")
    first, second = samples_of(decoded(made(name))), samples_of(decoded(other))
    source = tmp_path / name
    source.write_bytes(made(name).read_bytes() + other.read_bytes())
    joined = samples_of(decoded(source))
    assert len(joined) == len(first) + len(second)
    np.testing.assert_allclose(joined, np.concatenate([first, second]), atol=1e-5)


def test_a_chain_of_different_streams_is_refused(
    made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / "mixed.ogg"
    source.write_bytes(made("a.ogg").read_bytes() + made("a.opus").read_bytes())
    assert refused(source, decoded) == "bounce.unreadable"


@pytest.mark.parametrize("total", [0, 5000, FRAMES - 1])
def test_a_flac_whose_total_is_missing_or_too_small_is_read_to_its_end(
    total: int, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source, content = tmp_path / "a.flac", bytearray(made("a.flac").read_bytes())
    content[21] &= 0xF0
    content[22:26] = struct.pack(">I", total)
    source.write_bytes(content)
    np.testing.assert_array_equal(samples_of(decoded(source)), one_shot(made("a.flac")))


@pytest.mark.parametrize("input_rate", [0, 8000, 44100])
def test_opus_is_decoded_at_48_khz_whatever_its_header_says(
    input_rate: int, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source, content = tmp_path / "a.opus", bytearray(made("a.opus").read_bytes())
    struct.pack_into("<I", content, content.index(b"OpusHead") + 12, input_rate)
    end = 28 + sum(content[27 : 27 + content[26]])
    struct.pack_into("<I", content, 22, 0)
    struct.pack_into("<I", content, 22, ogg_crc(bytes(content[:end])))
    source.write_bytes(content)
    canonical = decoded(source)
    assert canonical.sample_rate == 48000
    assert canonical.frames == -(-FRAMES * 48000 // RATE)


def ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


@pytest.mark.parametrize(
    ("name", "options"),
    [("six.ogg", ["-c:a", "libvorbis", "-q:a", "8"]), ("six.opus", ["-b:a", "512k"]), ("six.m4a", ["-c:a", "aac"])],
)
def test_surround_sound_comes_in_the_order_of_wav_with_its_speakers(
    name: str, options: list[str], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    levels = [0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    time = np.arange(96000) / 48000
    tones = [level * np.sin(2 * np.pi * 60 * time) for level in levels]
    soundfile.write(tmp_path / "six.wav", np.stack(tones, axis=1), 48000, subtype="PCM_16")
    run_ffmpeg("-channel_layout", "5.1", "-i", str(tmp_path / "six.wav"), *options, str(tmp_path / name))
    canonical = decoded(tmp_path / name)
    found = np.abs(samples_of(canonical)[24000:72000]).max(axis=0)
    assert list(np.argsort(-found)) == [0, 1, 2, 3, 4, 5]
    assert canonical.mask in {0x3F, 0x60F}
    assert float_wav(canonical.path) == canonical


def wav(data: bytes, declared: int, behind: bytes = b"", bits: int = 16, word: int = 2) -> bytes:
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE, RATE * 2 * word, 2 * word, bits)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", declared) + data + behind
    return struct.pack("<4sI", b"RIFF", len(body)) + body


LIST = struct.pack("<4sI4s", b"LIST", 404, b"INFO") + struct.pack("<4sI", b"ICMT", 392) + b"\x55" * 392


@pytest.mark.parametrize("declared", [0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000])
def test_chunks_behind_samples_of_unknown_size_are_no_samples(
    declared: int, decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    samples = np.random.default_rng(0).integers(-9000, 9000, (20000, 2), np.int16)
    source = tmp_path / "pipe.wav"
    source.write_bytes(wav(samples.tobytes(), declared, LIST))
    np.testing.assert_array_equal(samples_of(decoded(source)), samples / np.float32(32768))


def test_a_wav_without_samples_whose_chunks_reach_the_end_is_empty(
    decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / "empty.wav"
    source.write_bytes(wav(b"", 0, LIST + LIST))
    assert refused(source, decoded) == "bounce.empty"


@pytest.mark.parametrize("shift", [8, 0], ids=["at the top", "at the bottom"])
def test_24_bits_in_words_of_4_bytes_are_not_packed(
    shift: int, decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    steps = np.random.default_rng(0).integers(-(2**22), 2**22, (20000, 2), np.int32)
    data = (steps << shift).astype("<i4").tobytes()
    source = tmp_path / "wide.wav"
    source.write_bytes(wav(data, len(data), bits=24, word=4))
    np.testing.assert_array_equal(samples_of(decoded(source)), (steps / 2**23).astype(np.float32))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("form", ["WAV", "RIFX", "AIFF", "W64"])
def test_the_reader_for_wrong_headers_reads_what_libsndfile_reads(form: str, subtype: str, tmp_path: Path) -> None:
    source, endian = tmp_path / "a", "BIG" if form == "RIFX" else "FILE"
    subtype = "PCM_S8" if (form, subtype) == ("AIFF", "PCM_U8") else subtype
    noise = np.random.default_rng(0).uniform(-1, 1, (30000, 3))
    soundfile.write(source, noise, RATE, subtype, endian, "WAV" if form == "RIFX" else form)
    judged, layout = judge_path(source), pcm.pcm_format(source)
    assert layout is not None
    assert judged.extent is not None
    assert (layout.sample_rate, layout.channels) == (RATE, 3)
    read = np.concatenate(list(pcm.read_pcm(source, layout, judged.extent)))
    np.testing.assert_array_equal(read, soundfile.read(source, dtype="float32")[0])


def test_a_bounce_with_a_cover_picture_is_judged_by_its_audio(
    made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / "cover.m4a"
    run_ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64", "-frames:v", "1", str(tmp_path / "cover.png"))
    run_ffmpeg(
        "-i", str(made("a.wav")), "-i", str(tmp_path / "cover.png"), "-map", "0:a", "-map", "1:v", "-c:a", "alac",
        "-c:v", "copy", "-disposition:v", "attached_pic", "-movflags", "+faststart", str(source),
    )  # fmt: skip
    assert decoded(source).frames == FRAMES
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    assert refused(source, decoded) == "bounce.truncated"


@pytest.mark.parametrize("suffix", ["m4a", "mka"])
def test_audio_shorter_than_another_track_or_that_starts_late_is_complete(
    suffix: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source, long = tmp_path / f"tracks.{suffix}", str(made("long.flac", "-af", "apad=pad_dur=3"))
    codec = ["-c:a", "alac" if suffix == "m4a" else "flac"]
    run_ffmpeg("-i", str(made("a.wav")), "-i", long, "-map", "0:a", "-map", "1:a", *codec, str(source))
    assert decoded(source).frames == FRAMES
    late = tmp_path / f"late.{suffix}"
    run_ffmpeg("-itsoffset", "1.5", "-i", str(made("a.wav")), *codec, str(late))
    assert decoded(late).frames >= FRAMES


@pytest.mark.parametrize("name", ["a.wv", "a.tta", "alac.m4a"])
def test_tags_behind_the_audio_are_no_damage(
    name: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source = tmp_path / name
    source.write_bytes(made(name).read_bytes() + b"TAG".ljust(128, b"x"))
    np.testing.assert_array_equal(samples_of(decoded(source)), one_shot(made(name)))


@pytest.mark.parametrize("codec", ["alac", "pcm_s16le"])
def test_a_caf_that_does_not_say_how_long_its_audio_is_is_read_to_its_end(
    codec: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    whole = made(f"{codec}.caf", "-c:a", codec)
    source, content = tmp_path / "a.caf", bytearray(whole.read_bytes())
    data, table = content.rindex(b"data"), content.find(b"pakt")
    if data > table:
        content[data + 4 : data + 12] = b"\xff" * 8
    source.write_bytes(content)
    np.testing.assert_array_equal(samples_of(decoded(source)), samples_of(decoded(whole)))


@pytest.mark.parametrize("name", ["a.wv", "alac.m4a", "a.tta"])
def test_damage_in_the_middle_is_still_refused(
    name: str, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source, content = tmp_path / name, bytearray(made(name).read_bytes())
    middle = len(content) // 5
    content[middle : middle + 6000] = bytes(6000)
    source.write_bytes(content)
    assert refused(source, decoded) in {"bounce.corrupt", "bounce.truncated"}


@pytest.mark.parametrize("name", ["a.wv", "a.tta", "a.mka", "a.flac", "vbr.mp3", "a.wma"])
@pytest.mark.parametrize("part", [0.3, 0.8])
def test_a_file_that_misses_its_end_is_said_to_be_cut_off(
    name: str, part: float, made: Callable[..., Path], decoded: Callable[[Path], Canonical], tmp_path: Path
) -> None:
    source, content = tmp_path / name, made(name).read_bytes()
    source.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(BounceError) as caught:
        decoded(source)
    assert "is cut off" in caught.value.message


def refused(source: Path, decoded: Callable[[Path], Canonical]) -> str:
    with pytest.raises(BounceError) as caught:
        decoded(source)
    return caught.value.code
