"""Files that are no usable audio, saved into the inbox or named on the command line: one clear error each."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from tests.acceptance.program import RATE, Bounce, Studio, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

NOISE = np.random.default_rng(1).standard_normal((4 * RATE, 2)) * 0.1

Maker = Callable[[Path], None]


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


def holding(content: bytes) -> Maker:
    return lambda path: (path.write_bytes(content), None)[1]


def whole_wav(path: Path) -> bytes:
    soundfile.write(path, NOISE, RATE, format="WAV", subtype="PCM_16")
    return path.read_bytes()


def without_samples(path: Path) -> None:
    soundfile.write(path, NOISE[:0], RATE, format="WAV", subtype="PCM_16")


def with_half_a_header(path: Path) -> None:
    path.write_bytes(whole_wav(path)[:26])


def half_a_wav(path: Path) -> None:
    content = whole_wav(path)
    path.write_bytes(content[: len(content) // 2])


def corrupt_flac(path: Path) -> None:
    soundfile.write(path, NOISE, RATE, format="FLAC", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)


def half_a_flac(path: Path) -> None:
    soundfile.write(path, NOISE, RATE, format="FLAC", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def half_of(codec: str) -> Maker:
    def make(path: Path) -> None:
        wav = path.with_name("whole.wav.tmp")
        whole_wav(wav)
        encoded = path.with_name("encoded.tmp" + path.suffix)
        ffmpeg("-f", "wav", "-i", wav, "-c:a", codec, encoded)
        path.write_bytes(encoded.read_bytes()[: encoded.stat().st_size // 2])
        wav.unlink()
        encoded.unlink()

    return make


def video_without_audio(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=size=64x64:duration=1", "-c:v", "mpeg4", path)


def impossible_rate(path: Path) -> None:
    content = bytearray(whole_wav(path))
    content[24:28] = struct.pack("<I", 4000)
    path.write_bytes(content)


ROWS: dict[str, tuple[Maker, str]] = {
    "Empty.wav": (holding(b""), "bounce.empty"),
    "Text.wav": (holding(b"Dear diary, today I rendered nothing at all. " * 9), "bounce.unreadable"),
    "Page.mp3": (holding(b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 9), "bounce.unreadable"),
    "No samples.wav": (without_samples, "bounce.empty"),
    "Half a header.wav": (with_half_a_header, "bounce."),
    "Half a wave.wav": (half_a_wav, "bounce.truncated"),
    "Corrupt.flac": (corrupt_flac, "bounce.corrupt"),
    "Half a flac.flac": (half_a_flac, "bounce."),
    "Half an MP3.mp3": (half_of("libmp3lame"), "bounce.truncated"),
    "Half an Opus.opus": (half_of("libopus"), "bounce.truncated"),
    "Half an M4A.m4a": (half_of("aac"), "bounce.truncated"),
    "Silent film.mp4": (video_without_audio, "bounce.no_audio"),
    "Odd rate.wav": (impossible_rate, "bounce.rate"),
}


def make_all(studio: Studio, folder: Path) -> dict[str, Bounce]:
    """Make each file elsewhere and rename it into place, whole by all that a file system can tell."""
    made = {}
    workshop = studio.root / "workshop"
    workshop.mkdir()
    for name, (make, _) in ROWS.items():
        make(workshop / name)
        made[name] = Bounce.of((workshop / name).rename(folder / name))
    return made


def test_each_in_the_inbox_becomes_one_failed_job_that_is_not_tried_again(studio: Studio) -> None:
    bounces = make_all(studio, studio.inbox)
    with studio.up() as bridge:
        good = studio.bounce("Good.wav")
        wait_for(
            "every job to end", lambda: len(states := studio.states()) > len(ROWS) and {"queued"}.isdisjoint(states)
        )
        studio.wait_until_final(len(ROWS) + 1)
        finished = bridge.finish(signal.SIGTERM)
    assert finished.code == 0
    assert "Traceback" not in finished.stderr
    jobs = {Path(job["source"]).name: job for job in studio.jobs()}
    assert len(studio.jobs()) == len(jobs) == len(ROWS) + 1
    for name, (_, code) in ROWS.items():
        job, error = jobs[name], jobs[name]["error"]
        assert job["state"] == "failed", name
        assert error["code"].startswith(code), (name, error)
        assert name in error["message"], error
        assert error["advice"], name
        assert not error["retryable"], name
        assert error["retry_at"] is None, name
        assert job["attempt"] == 1, name
        assert finished.stdout.count(error["message"]) == 1, name
        bounces[name].assert_untouched()
    assert jobs["Good.wav"]["state"] == "delivered"
    good.assert_untouched()
    assert [take.name for take in studio.takes()] == ["Good"]
    assert [path.name for path in studio.output.iterdir()] == ["Good"]
    assert not list((studio.state / "work").iterdir())


def test_each_named_on_the_command_line_is_one_error_and_exit_code_1(studio: Studio) -> None:
    folder = studio.root / "files"
    folder.mkdir()
    bounces = make_all(studio, folder)
    (folder / "Folder.wav").mkdir()
    paths = [
        *(str(bounce.path) for bounce in bounces.values()),
        str(folder / "Folder.wav"),
        str(folder / "Nowhere.wav"),
    ]
    finished = studio.run("separate", *paths, "--json")
    assert finished.code == 1
    assert "Traceback" not in finished.stderr
    document = json.loads(finished.stdout)
    errors = {job["source"]: job["error"] for job in document["jobs"]}
    errors |= {refused["file"]: refused for refused in document["refused"]}
    assert sorted(errors) == sorted(paths)
    for path, error in errors.items():
        assert error is not None, path
        assert error["code"].startswith("bounce."), error
        assert error["message"], path
        assert error["advice"], path
    for bounce in bounces.values():
        bounce.assert_untouched()
    assert studio.takes() == []
