from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bridge.audio.decode import decode
from bridge.audio.listening import listening_copy

Samples = NDArray[np.float32]


@pytest.mark.parametrize("kind", ["mp3", "m4a"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_copy_sounds_as_long_as_its_stem(
    kind: str, channels: int, tmp_path: Path, noise: Callable[..., Samples]
) -> None:
    stem = tmp_path / "Song - vocals.wav"
    soundfile.write(stem, noise(44100, channels), 44100, subtype="PCM_24")
    copy = listening_copy(stem, "mp3" if kind == "mp3" else "m4a")
    assert copy == tmp_path / f"Song - vocals.{kind}"
    decoded = decode(copy, tmp_path / "decoded.wav")
    assert (decoded.frames, decoded.channels) == (44100, min(channels, 2))


def test_a_float_stem_at_96_khz_has_a_copy_too(tmp_path: Path, noise: Callable[..., Samples]) -> None:
    stem = tmp_path / "stem.wav"
    soundfile.write(stem, noise(96000) * 20, 96000, subtype="FLOAT")
    assert decode(listening_copy(stem, "mp3"), tmp_path / "decoded.wav").frames > 40000


@pytest.mark.slow
def test_a_long_song_is_copied_in_blocks(tmp_path: Path, noise: Callable[..., Samples]) -> None:
    stem, minutes = tmp_path / "long.wav", 16
    soundfile.write(stem, np.tile(noise(8000 * 60, 1), (minutes, 1)), 8000, subtype="PCM_16")
    assert decode(listening_copy(stem, "mp3"), tmp_path / "decoded.wav").frames == minutes * 60 * 8000


def test_nothing_heavy_and_no_warning_comes_with_the_import() -> None:
    code = "import sys, bridge.audio.render; assert 'pydub' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_pydub_warns_of_nothing(tmp_path: Path, noise: Callable[..., Samples]) -> None:
    stem = tmp_path / "stem.wav"
    soundfile.write(stem, noise(8000, 1), 8000)
    code = "import pathlib, sys; from bridge.audio.listening import listening_copy as copy; "
    code += "copy(pathlib.Path(sys.argv[1]), 'mp3')"
    environment = {"PATH": "", "SYSTEMROOT": "C:\\Windows"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, stem], check=False, timeout=60, env=environment, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
