from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import wavinfo
from numpy.typing import NDArray

from bridge.audio.bwf import Metadata
from bridge.audio.level import LevelMeter
from bridge.audio.mix import Canonical
from bridge.audio.render import RenderOptions, RenderReport, render
from bridge.audio.riff import read_riff
from bridge.errors import EngineFailed, StepCancelled, StorageError, UsageError
from bridge.units import Frames, Hz

Samples = NDArray[np.float32]
Noise = Callable[..., Samples]
BEXT = b"Mix".ljust(338, b"\0") + struct.pack("<QH", 441000, 2) + b"U" * 64 + bytes(190)
EXACT = RenderOptions(depth="32f")


class Session:
    """A mix, its raw stems as float WAVs, and a folder to deliver into."""

    def __init__(self, folder: Path, mix: Samples, stems: Mapping[str, Samples], rate: int) -> None:
        self.mix_samples = mix
        self.out = folder / "out"
        self.out.mkdir()
        for name, samples in {"mix": mix, **stems}.items():
            soundfile.write(folder / f"raw {name}.wav", samples, rate, subtype="FLOAT")
        self.mix = Canonical(folder / "raw mix.wav", Hz(rate), mix.shape[1], Frames(len(mix)))
        self.stems = {name: folder / f"raw {name}.wav" for name in stems}

    def render(
        self, options: RenderOptions, metadata: Metadata | None = None, **more: Callable[[float], None]
    ) -> RenderReport:
        files = {name: f"Song - {name}.{options.format}" for name in self.stems}
        return render(self.mix, self.stems, files, self.out, metadata or Metadata(), options, **more)

    def delivered(self, name: str, form: str = "wav") -> Samples:
        return np.asarray(soundfile.read(self.out / f"Song - {name}.{form}", dtype="float32", always_2d=True)[0])


@pytest.fixture
def session(tmp_path: Path, noise: Noise) -> Callable[..., Session]:
    """Makes a session of four noisy stems, whose mix holds a little more than their sum."""

    def make(frames: int = 30000, channels: int = 2, rate: int = 44100, extra: float = 0.01) -> Session:
        names = ("vocals", "drums", "bass", "other")
        stems = {name: noise(frames, channels, seed) for seed, name in enumerate(names)}
        return Session(tmp_path, sum(stems.values()) + noise(frames, channels, 9, extra), stems, rate)

    return make


def depth_db(missing: Samples, mix: Samples) -> float:
    return 10 * math.log10(
        max(1e-30, float(np.square(missing, dtype=np.float64).sum() / np.square(mix, dtype=np.float64).sum()))
    )


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_delivered_float_stems_sum_to_gain_times_the_mix(
    rate: int, channels: int, session: Callable[..., Session]
) -> None:
    song = session(channels=channels, rate=rate)
    report = song.render(replace(EXACT, peak_dbtp=-20.0))
    assert report.gain_db < -5
    total = sum(song.delivered(stem.name).astype(np.float64) for stem in report.stems)
    assert depth_db(total - song.mix_samples * 10 ** (report.gain_db / 20), song.mix_samples) <= -120
    assert report.null_depth_db is None or report.null_depth_db <= -120


def test_24_bit_stems_sum_to_the_mix_as_far_as_24_bits_go(session: Callable[..., Session]) -> None:
    song = session()
    report = song.render(RenderOptions())
    total = sum(song.delivered(stem.name).astype(np.float64) for stem in report.stems)
    assert np.abs(total - song.mix_samples * 10 ** (report.gain_db / 20)).max() <= 3 * 2.0**-23


def test_quiet_stems_keep_their_level(session: Callable[..., Session]) -> None:
    song = session()
    report = song.render(EXACT)
    assert report.gain_db == 0
    np.testing.assert_array_equal(song.delivered("vocals"), soundfile.read(song.stems["vocals"], dtype="float32")[0])


@pytest.mark.parametrize(("rate", "to_rate"), [(44100, 48000), (48000, 44100), (96000, 48000), (8000, 192000)])
@pytest.mark.parametrize("frames", [1, 30001])
def test_a_project_rate_gives_the_exact_length(
    rate: int, to_rate: int, frames: int, session: Callable[..., Session]
) -> None:
    song = session(frames=frames, rate=rate)
    for stem in song.render(RenderOptions(rate=to_rate)).stems:
        info = soundfile.info(song.out / stem.file)
        assert info.frames == stem.frames == math.floor(frames * to_rate / rate + 0.5)
        assert info.samplerate == stem.sample_rate == to_rate


@pytest.mark.parametrize(("rate", "to_rate"), [(44100, 0), (44100, 48000), (96000, 44100)])
@pytest.mark.parametrize("mode", ["song", "stem"])
def test_no_delivered_file_passes_the_ceiling(mode: str, rate: int, to_rate: int, tmp_path: Path, noise: Noise) -> None:
    clipped = np.clip(np.cumsum(noise(rate, 2, level=0.05), axis=0), -0.9, 0.9).astype(np.float32)
    song = Session(tmp_path, clipped * 2, {"vocals": clipped, "no_vocals": clipped * np.float32(1.1)}, rate)
    options = RenderOptions(mode="song" if mode == "song" else "stem", peak_dbtp=-1.0, rate=to_rate)
    for stem in song.render(options).stems:
        meter = LevelMeter(Hz(stem.sample_rate), 2)
        meter.add(song.delivered(stem.name))
        peak = meter.level().peak
        assert peak <= -0.9
        assert stem.peak_dbtp == pytest.approx(peak, abs=0.01)


def test_a_loudness_is_reached_and_reported(session: Callable[..., Session]) -> None:
    song = session()
    for stem in song.render(RenderOptions(mode="stem", lufs=-30.0, depth="32f")).stems:
        meter = LevelMeter(Hz(44100), 2)
        meter.add(song.delivered(stem.name))
        assert stem.lufs == pytest.approx(-30, abs=0.02)
        assert meter.level().loudness == pytest.approx(-30, abs=0.02)


def test_a_song_is_brought_to_a_loudness_by_its_mix(session: Callable[..., Session]) -> None:
    song = session()
    meter = LevelMeter(Hz(44100), 2)
    meter.add(song.mix_samples)
    report = song.render(RenderOptions(lufs=-30.0, depth="32f"))
    assert report.gain_db == pytest.approx(-30 - meter.level().loudness, abs=0.01)


def test_what_no_stem_holds_goes_into_other(session: Callable[..., Session]) -> None:
    song = session(extra=0.05)
    song.render(EXACT)
    rest = song.mix_samples - song.delivered("vocals") - song.delivered("drums") - song.delivered("bass")
    np.testing.assert_allclose(song.delivered("other"), rest, atol=1e-6)


def test_the_null_depth_of_a_pair_is_measured(tmp_path: Path, noise: Noise) -> None:
    vocals, rest = noise(20000, seed=1), noise(20000, seed=2)
    song = Session(tmp_path, (vocals + rest) * np.float32(1.01), {"no_vocals": rest, "vocals": vocals}, 44100)
    assert song.render(EXACT).null_depth_db == pytest.approx(20 * math.log10(0.01 / 1.01), abs=0.01)


def test_stems_that_are_not_all_of_the_mix_have_no_null_depth(tmp_path: Path, noise: Noise) -> None:
    song = Session(tmp_path, noise(9000, seed=1), {"vocals": noise(9000, seed=2)}, 44100)
    assert song.render(EXACT).null_depth_db is None


def test_silence_stays_silence_in_every_mode(tmp_path: Path) -> None:
    silence = np.zeros((30000, 2), np.float32)
    song = Session(tmp_path, silence, {"vocals": silence, "other": silence}, 44100)
    for options in (EXACT, RenderOptions(mode="stem", lufs=-14.0, depth="16"), RenderOptions(lufs=-14.0)):
        report = song.render(options)
        assert all((s.gain_db, s.peak_dbtp, s.lufs, s.silent) == (0, None, None, True) for s in report.stems)
        assert report.null_depth_db is None
        assert not song.delivered("vocals").any()


def test_mode_none_changes_no_sample_and_says_what_pcm_clips(tmp_path: Path, noise: Noise) -> None:
    hot = noise(9000, level=0.8)
    song = Session(tmp_path, hot, {"vocals": hot}, 44100)
    assert song.render(RenderOptions(mode="none", depth="32f")).notes == ()
    np.testing.assert_array_equal(song.delivered("vocals"), hot)
    assert "clips" in song.render(RenderOptions(mode="none")).notes[0]
    assert song.delivered("vocals").max() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("depth", ["16", "24", "32f"])
def test_the_same_stems_give_the_same_bytes(depth: str, session: Callable[..., Session]) -> None:
    song = session(rate=44100)
    options = RenderOptions(depth="16" if depth == "16" else "24" if depth == "24" else "32f", rate=48000)
    sums = []
    for _ in range(2):
        song.render(options)
        sums.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(song.out.iterdir())])
    assert sums[0] == sums[1]
    assert len(set(sums[0])) == 4


@pytest.mark.parametrize(
    ("form", "depth", "described", "subtype"),
    [
        ("wav", "16", "wav 16", "PCM_16"),
        ("wav", "24", "wav 24", "PCM_24"),
        ("wav", "32f", "wav 32f", "FLOAT"),
        ("flac", "16", "flac 16", "PCM_16"),
        ("flac", "24", "flac 24", "PCM_24"),
    ],
)
def test_every_format_and_depth_is_what_it_says(
    form: str, depth: str, described: str, subtype: str, session: Callable[..., Session]
) -> None:
    song = session(frames=5000)
    options = RenderOptions(
        format="flac" if form == "flac" else "wav", depth="16" if depth == "16" else "24" if depth == "24" else "32f"
    )
    for stem in song.render(options).stems:
        assert stem.format == described
        assert soundfile.info(song.out / stem.file).subtype == subtype
        raw = soundfile.read(song.stems[stem.name], dtype="float32")[0]
        if stem.name != "other":
            assert np.abs(song.delivered(stem.name, form) - raw).max() <= (2.5 if depth == "16" else 1.5) * 2.0**-15


def test_twelve_channels_are_delivered_but_not_as_flac(session: Callable[..., Session]) -> None:
    song = session(frames=5000, channels=12)
    assert {stem.channels for stem in song.render(EXACT).stems} == {12}
    assert song.delivered("drums").shape == (5000, 12)
    with pytest.raises(UsageError, match="8 channels"):
        song.render(RenderOptions(format="flac"))


@pytest.mark.parametrize(("mix_channels", "stem_channels"), [(1, 2), (2, 1), (6, 2), (2, 6)])
def test_stems_take_the_channel_count_of_the_mix(
    mix_channels: int, stem_channels: int, tmp_path: Path, noise: Noise
) -> None:
    raw = noise(5000, stem_channels)
    song = Session(tmp_path, noise(5000, mix_channels), {"vocals": raw}, 44100)
    song.render(EXACT)
    delivered = song.delivered("vocals")
    assert delivered.shape == (5000, mix_channels)
    expected = raw.mean(axis=1) if mix_channels == 1 else raw[:, 0]
    np.testing.assert_allclose(delivered[:, 0], expected, atol=1e-6)


def test_a_stem_at_another_rate_is_brought_to_the_mixs(tmp_path: Path) -> None:
    def tone(rate: int) -> Samples:
        wave = 0.3 * np.sin(2 * np.pi * 440 / rate * np.arange(rate))
        return np.asarray(wave[:, None], np.float32)

    song = Session(tmp_path, tone(48000), {"vocals": tone(48000)}, 48000)
    soundfile.write(song.stems["vocals"], tone(44100), 44100, subtype="FLOAT")
    song.render(EXACT)
    inner = slice(1000, 47000)
    assert depth_db(song.delivered("vocals")[inner] - tone(48000)[inner], tone(48000)[inner]) < -100


def test_a_stem_of_another_length_is_the_engines_failure(tmp_path: Path, noise: Noise) -> None:
    song = Session(tmp_path, noise(30000), {"vocals": noise(20000)}, 44100)
    with pytest.raises(EngineFailed, match="shorter"):
        song.render(EXACT)


def test_a_stem_that_is_no_float_wav_is_the_engines_failure(tmp_path: Path, noise: Noise) -> None:
    song = Session(tmp_path, noise(3000), {"vocals": noise(3000)}, 44100)
    soundfile.write(song.stems["vocals"], noise(3000), 44100, subtype="PCM_24")
    with pytest.raises(EngineFailed, match="vocals"):
        song.render(EXACT)


def test_what_an_engine_makes_that_is_no_number_is_silence(tmp_path: Path, noise: Noise) -> None:
    broken = noise(3000)
    broken[5, 0], broken[6, 1], broken[7, 1] = np.nan, np.inf, -1e30
    song = Session(tmp_path, noise(3000), {"vocals": broken}, 44100)
    song.render(replace(EXACT, rate=48000))
    assert np.abs(song.delivered("vocals")).max() < 1


def test_the_bounces_origin_is_carried_and_follows_the_rate(session: Callable[..., Session]) -> None:
    song = session(frames=4411)
    cue = struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 441, b"data", 0, 0, 441)
    report = song.render(RenderOptions(rate=48000), Metadata(BEXT, ((b"cue ", cue), (b"iXML", b"<BWFXML/>"))))
    for stem in report.stems:
        path = song.out / stem.file
        read = wavinfo.WavInfoReader(str(path))
        assert read.bext.time_reference == 480000
        assert read.bext.description == "Mix"
        assert read.ixml is not None
        riff = read_riff(path)
        assert riff is not None
        assert [chunk.id for chunk in riff.chunks] == [b"bext", b"fmt ", b"data", b"cue ", b"iXML"]
        assert riff.claimed == riff.length
    assert b"bext" not in (song.out / song.render(RenderOptions()).stems[0].file).read_bytes()[:200]


def test_flac_says_that_it_carries_no_origin(session: Callable[..., Session]) -> None:
    song = session(frames=3000)
    assert "FLAC" in song.render(RenderOptions(format="flac"), Metadata(BEXT)).notes[0]


@pytest.mark.parametrize("options", [EXACT, RenderOptions(rate=48000, listening_copy="mp3")])
def test_progress_never_falls_and_ends_at_one(options: RenderOptions, session: Callable[..., Session]) -> None:
    heard: list[float] = []
    session().render(options, progress=heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] < 0.5
    assert heard[-1] == 1.0


def test_cancelling_stops_at_once(session: Callable[..., Session]) -> None:
    def cancel(fraction: float) -> None:
        if fraction > 0.6:
            raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        session().render(EXACT, progress=cancel)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_full_disk_is_the_disks_fault(form: str, session: Callable[..., Session]) -> None:
    song = session()
    (song.out / f"Song - bass.{form}").symlink_to("/dev/full")
    with pytest.raises(StorageError):
        song.render(RenderOptions(format="flac" if form == "flac" else "wav"))


def test_a_folder_that_is_gone_is_the_disks_fault(session: Callable[..., Session]) -> None:
    song = session(frames=2000)
    song.out.rmdir()
    with pytest.raises(StorageError) as caught:
        song.render(EXACT)
    assert caught.value.code == "storage.gone"
