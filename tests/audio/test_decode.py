from __future__ import annotations

import errno
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.audio.canonical import float_wav
from bridge.audio.decode import decode
from bridge.errors import BounceError, StorageError

Samples = NDArray[np.float32]
Noise = Callable[..., Samples]
RATE, FRAMES = 44100, 30011


@pytest.fixture
def tone() -> Samples:
    time = np.arange(FRAMES) / RATE
    return np.stack([np.sin(880 * np.pi * time), np.sin(1320 * np.pi * time)], axis=1).astype(np.float32) * np.float32(
        0.5
    )


@pytest.fixture
def by_ffmpeg(tmp_path: Path, tone: Samples) -> Callable[..., Path]:
    """Makes a file with the bundled ffmpeg from the tone."""

    def make(name: str, *options: str) -> Path:
        source, target = tmp_path / "tone-source.wav", tmp_path / name
        soundfile.write(source, tone, RATE, subtype="PCM_16")
        ffmpeg(["-i", str(source), *options, str(target)])
        return target

    return make


def ffmpeg(arguments: list[str]) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)


def samples_of(path: Path) -> Samples:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def refusal(source: Path, tmp_path: Path) -> BounceError:
    """Decode a file that can't be used; whatever is wrong, the file stays as it is and nothing is left behind."""
    before = source.read_bytes() if source.is_file() else b""
    target = tmp_path / "canonical.wav"
    with pytest.raises(BounceError) as caught:
        decode(source, target)
    assert not target.exists()
    assert (source.read_bytes() if source.is_file() else b"") == before
    assert not caught.value.retryable
    assert caught.value.advice
    assert source.name in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("name", "form", "subtype"),
    [
        ("8-bit.wav", "WAV", "PCM_U8"),
        ("16-bit.wav", "WAV", "PCM_16"),
        ("24-bit.wav", "WAV", "PCM_24"),
        ("double.wav", "WAV", "DOUBLE"),
        ("rf64.wav", "RF64", "PCM_24"),
        ("extensible.wav", "WAVEX", "PCM_24"),
        ("aiff.aiff", "AIFF", "PCM_24"),
        ("caf.caf", "CAF", "PCM_24"),
        ("w64.w64", "W64", "PCM_24"),
        ("flac.flac", "FLAC", "PCM_24"),
        ("misnamed.mp3", "WAV", "PCM_16"),
        ("odd name [1] %d é.wav", "WAV", "PCM_16"),
    ],
)
def test_lossless_files_keep_every_frame_and_sample(
    name: str, form: str, subtype: str, tmp_path: Path, tone: Samples
) -> None:
    source = tmp_path / name
    soundfile.write(source, tone, RATE, format=form, subtype=subtype)
    canonical = decode(source, tmp_path / "canonical.wav")
    assert (canonical.sample_rate, canonical.channels, canonical.frames, canonical.repairs) == (RATE, 2, FRAMES, ())
    step = 2.0**-7 if subtype == "PCM_U8" else 2.0**-15
    assert np.abs(samples_of(canonical.path) - tone).max() <= step
    assert soundfile.info(canonical.path).subtype == "FLOAT"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("alac.m4a", ["-c:a", "alac"]),
        ("aac.m4a", ["-c:a", "aac"]),
        ("wavpack.wv", []),
        ("lame.mp3", []),
        ("opus.opus", ["-ar", "48000"]),
        ("vorbis.ogg", ["-c:a", "libvorbis"]),
    ],
)
def test_compressed_files_keep_their_exact_length(
    name: str, options: list[str], tmp_path: Path, by_ffmpeg: Callable[..., Path]
) -> None:
    canonical = decode(by_ffmpeg(name, *options), tmp_path / "canonical.wav")
    assert canonical.frames == (-(-FRAMES * 48000 // RATE) if name.endswith("opus") else FRAMES)


@pytest.mark.parametrize(("name", "extra"), [("wma.wma", -256), ("ac3.ac3", 1536)])
def test_formats_without_a_length_of_their_own_are_read_to_their_end(
    name: str, extra: int, tmp_path: Path, by_ffmpeg: Callable[..., Path]
) -> None:
    canonical = decode(by_ffmpeg(name), tmp_path / "canonical.wav")
    assert abs(canonical.frames - FRAMES) <= max(2048, abs(extra))


@pytest.mark.parametrize("rate", [8000, 11025, 96000, 192000])
def test_every_rate_from_8_to_192_khz_is_kept(rate: int, tmp_path: Path, noise: Noise) -> None:
    source = tmp_path / "bounce.wav"
    soundfile.write(source, noise(5000, 1), rate, subtype="PCM_24")
    canonical = decode(source, tmp_path / "canonical.wav")
    assert (canonical.sample_rate, canonical.channels, canonical.frames) == (rate, 1, 5000)


def test_twelve_channels_stay_apart_and_in_order(tmp_path: Path, noise: Noise) -> None:
    source, samples = tmp_path / "bounce.wav", noise(9000, 12)
    soundfile.write(source, samples, 48000, subtype="FLOAT")
    canonical = decode(source, tmp_path / "canonical.wav")
    assert canonical.channels == 12
    np.testing.assert_array_equal(samples_of(canonical.path), samples)


def test_overs_above_full_scale_are_kept(tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "hot.wav"
    soundfile.write(source, tone * 8, RATE, subtype="FLOAT")
    assert samples_of(decode(source, tmp_path / "canonical.wav").path).max() == pytest.approx(4, abs=0.01)


def test_samples_that_are_no_numbers_become_silence_and_are_reported(tmp_path: Path, tone: Samples) -> None:
    source, broken = tmp_path / "broken.wav", tone.copy()
    broken[100, 0], broken[200, 1], broken[20000, 0], broken[20001, 1] = np.nan, np.inf, -np.inf, 1e30
    soundfile.write(source, broken, RATE, subtype="FLOAT")
    canonical = decode(source, tmp_path / "canonical.wav")
    assert canonical.repairs == ("4 samples that were not numbers were set to 0.",)
    mended = samples_of(canonical.path)
    assert mended[100, 0] == mended[200, 1] == mended[20000, 0] == mended[20001, 1] == 0
    assert np.isfinite(mended).all()


@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF])
def test_a_wav_whose_header_was_never_finished_is_read_to_its_end(claimed: int, tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "recording.wav"
    soundfile.write(source, tone, RATE, subtype="PCM_16")
    content = bytearray(source.read_bytes())
    struct.pack_into("<I", content, 4, claimed)
    struct.pack_into("<I", content, content.index(b"data") + 4, claimed)
    source.write_bytes(content)
    assert decode(source, tmp_path / "canonical.wav").frames == FRAMES


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    source = tmp_path / "bounce.wav"
    source.touch()
    assert refusal(source, tmp_path).code == "bounce.empty"


@pytest.mark.parametrize("form", ["WAV", "AIFF"])
def test_a_file_without_a_sample_is_empty(form: str, tmp_path: Path) -> None:
    source = tmp_path / "bounce"
    soundfile.write(source, np.zeros((0, 2), np.float32), RATE, format=form, subtype="PCM_16")
    assert refusal(source, tmp_path).code == "bounce.empty"


def test_a_wav_without_samples_but_with_later_chunks_is_empty(tmp_path: Path) -> None:
    source = tmp_path / "bounce.wav"
    soundfile.write(source, np.zeros((0, 2), np.float32), RATE, subtype="PCM_16")
    content = bytearray(source.read_bytes() + b"LIST" + struct.pack("<I", 400) + b"adtl" + bytes(396))
    struct.pack_into("<I", content, 4, len(content) - 8)
    source.write_bytes(content)
    assert refusal(source, tmp_path).code == "bounce.empty"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.wav", b"remember to send the stems\n" * 40),
        ("page.mp3", b"<!DOCTYPE html><html><body>404 not found</body></html>\n" * 40),
    ],
)
def test_what_is_no_audio_is_unreadable(name: str, content: bytes, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    assert refusal(source, tmp_path).code == "bounce.unreadable"


def test_raw_samples_without_a_header_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "half.raw"
    source.write_bytes(b"\x00\x01" * 4000)
    assert refusal(source, tmp_path).code in {"bounce.unreadable", "bounce.no_audio"}


def test_a_folder_is_unreadable(tmp_path: Path) -> None:
    source = tmp_path / "session.wav"
    source.mkdir()
    assert refusal(source, tmp_path).code == "bounce.unreadable"


@pytest.mark.parametrize("kept", [10, 20, 30, 40])
def test_a_wav_cut_in_its_header_is_cut_off(kept: int, tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "bounce.wav"
    soundfile.write(source, tone, RATE, subtype="PCM_16")
    source.write_bytes(source.read_bytes()[:kept])
    assert refusal(source, tmp_path).code == "bounce.truncated"


@pytest.mark.parametrize("form", ["WAV", "RF64", "AIFF", "CAF", "W64", "OGG"])
@pytest.mark.parametrize("part", [0.4, 0.97])
def test_a_file_cut_in_its_audio_is_truncated(form: str, part: float, tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "bounce"
    soundfile.write(source, tone, RATE, format=form, subtype="VORBIS" if form == "OGG" else "PCM_16")
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * part)])
    assert refusal(source, tmp_path).code == "bounce.truncated"


def test_a_wav_that_lacks_one_byte_is_truncated(tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "bounce.wav"
    soundfile.write(source, tone, RATE, subtype="PCM_16")
    source.write_bytes(source.read_bytes()[:-1])
    assert refusal(source, tmp_path).code == "bounce.truncated"


@pytest.mark.parametrize("part", [0.4, 0.9])
def test_a_cut_flac_is_refused(part: float, tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "bounce.flac"
    soundfile.write(source, tone, RATE, subtype="PCM_24")
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * part)])
    assert refusal(source, tmp_path).code in {"bounce.truncated", "bounce.corrupt"}


def test_a_corrupt_flac_is_corrupt(tmp_path: Path, noise: Noise) -> None:
    source = tmp_path / "bounce.flac"
    soundfile.write(source, noise(FRAMES), RATE, subtype="PCM_24")
    content = bytearray(source.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    source.write_bytes(content)
    assert refusal(source, tmp_path).code == "bounce.corrupt"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bounce.mp3", []),
        ("bounce.opus", []),
        ("bounce.m4a", ["-c:a", "alac"]),
        ("faststart.m4a", ["-c:a", "alac", "-movflags", "+faststart"]),
    ],
)
def test_a_cut_compressed_file_is_truncated(
    name: str, options: list[str], tmp_path: Path, by_ffmpeg: Callable[..., Path]
) -> None:
    source = by_ffmpeg(name, *options)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 6 // 10])
    assert refusal(source, tmp_path).code in {"bounce.truncated", "bounce.corrupt"}


def test_a_video_without_sound_has_no_audio(tmp_path: Path) -> None:
    source = tmp_path / "video.mp4"
    ffmpeg(["-f", "lavfi", "-i", "color=c=black:s=32x32:d=0.2", "-c:v", "mpeg4", str(source)])
    assert refusal(source, tmp_path).code == "bounce.no_audio"


def test_the_sound_of_a_video_is_taken(tmp_path: Path, tone: Samples) -> None:
    sound, source = tmp_path / "sound.wav", tmp_path / "video.mp4"
    soundfile.write(sound, tone, RATE, subtype="PCM_16")
    picture = ["-f", "lavfi", "-i", "color=c=black:s=32x32:d=3", "-c:v", "mpeg4"]
    ffmpeg(["-i", str(sound), *picture, "-c:a", "alac", str(source)])
    assert decode(source, tmp_path / "canonical.wav").frames == FRAMES


def test_a_rate_below_8_khz_is_refused_with_the_limits(tmp_path: Path, noise: Noise) -> None:
    source = tmp_path / "slow.wav"
    soundfile.write(source, noise(100), 4000, subtype="PCM_16")
    error = refusal(source, tmp_path)
    assert error.code == "bounce.rate"
    assert "8000" in error.message


def test_a_playlist_opens_no_connection(tmp_path: Path) -> None:
    source = tmp_path / "list.m3u8"
    source.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    assert refusal(source, tmp_path).code == "bounce.unreadable"


def test_a_missing_bounce_is_the_disks_fault(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        decode(tmp_path / "gone.wav", tmp_path / "canonical.wav")
    assert caught.value.code == "storage.gone"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_to_be_full(tmp_path: Path, tone: Samples) -> None:
    source, target = tmp_path / "bounce.wav", tmp_path / "canonical.wav"
    soundfile.write(source, tone, RATE, subtype="PCM_16")
    target.symlink_to("/dev/full")
    with pytest.raises(StorageError) as caught:
        decode(source, target)
    assert caught.value.code == "storage.full"
    assert os.strerror(errno.ENOSPC) in caught.value.message


def test_progress_never_falls_and_ends_at_one(tmp_path: Path, tone: Samples, by_ffmpeg: Callable[..., Path]) -> None:
    for source in (by_ffmpeg("bounce.flac"), by_ffmpeg("bounce.wv")):
        heard: list[float] = []
        decode(source, tmp_path / "canonical.wav", heard.append)
        assert heard == sorted(heard)
        assert heard[-1] == 1.0


def test_what_decode_made_is_a_whole_float_wav(tmp_path: Path, tone: Samples) -> None:
    source = tmp_path / "bounce.wav"
    soundfile.write(source, tone, RATE, subtype="PCM_16")
    canonical = decode(source, tmp_path / "canonical.wav")
    assert float_wav(canonical.path) == canonical


@pytest.mark.parametrize("kept", [0, 30, 5000])
def test_a_float_wav_that_was_cut_off_is_none(kept: int, tmp_path: Path, tone: Samples) -> None:
    path = tmp_path / "canonical.wav"
    soundfile.write(path, tone, RATE, subtype="FLOAT")
    path.write_bytes(path.read_bytes()[:kept])
    assert float_wav(path) is None


def test_the_same_samples_have_the_same_content_hash_in_every_container(tmp_path: Path, noise: Noise) -> None:
    hashes = set()
    for name, form, subtype in (
        ("a.wav", "WAV", "PCM_24"),
        ("a.flac", "FLAC", "PCM_24"),
        ("a.aiff", "AIFF", "PCM_24"),
        ("a.w64", "W64", "PCM_24"),
        ("32.wav", "WAV", "PCM_32"),
    ):
        soundfile.write(tmp_path / name, np.round(noise(FRAMES) * 2**23) / 2**23, RATE, format=form, subtype=subtype)
        hashes.add(decode(tmp_path / name, tmp_path / "canonical.wav").content_hash)
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


def test_the_content_hash_depends_on_samples_rate_and_channels_only(tmp_path: Path, noise: Noise) -> None:
    samples = noise(FRAMES)
    other = samples.copy()
    other[-1, 1] = 0.5
    hashes = []
    for number, (content, rate) in enumerate(
        [(samples, RATE), (other, RATE), (samples, 48000), (samples.reshape(-1, 1), RATE), (samples[:-1], RATE)]
    ):
        source = tmp_path / f"{number}.wav"
        soundfile.write(source, content, rate, subtype="FLOAT")
        hashes.append(decode(source, tmp_path / "canonical.wav").content_hash)
    assert len(set(hashes)) == 5


def test_negative_zero_and_zero_are_the_same_content(tmp_path: Path) -> None:
    hashes = set()
    for zero in (0.0, -0.0):
        source = tmp_path / "silence.wav"
        soundfile.write(source, np.full((FRAMES, 2), zero, np.float32), RATE, subtype="FLOAT")
        hashes.add(decode(source, tmp_path / "canonical.wav").content_hash)
    assert len(hashes) == 1
