"""A studio with a simulated Live, finished deliveries with real audio, and a real OSC peer in the bridge's place."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.scripts.ableton.bridge_double import Bridge
from tests.scripts.ableton.live_double import Studio

RATE = 8_000


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The bridge's state folder, in which it keeps its status file; a bridge of this machine's is not to be found."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    return tmp_path / "stembridge"


Say = Callable[..., None]


@pytest.fixture
def say(state: Path) -> Say:
    """Have the bridge say in its status file where it is."""

    def write(**more: object) -> None:
        state.mkdir(exist_ok=True)
        (state / "status.json").write_text(json.dumps({"schema": 1, **more}), encoding="utf-8")

    return write


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    live = Studio()
    monkeypatch.setitem(sys.modules, "Live", live.module())
    return live


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    with Bridge() as bridge:
        yield bridge


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def audio(path: Path, seconds: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros((round(seconds * RATE), 2)), RATE, subtype="PCM_16")
    return path


Deliver = Callable[..., Path]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    def make(
        job: str = "j1",
        stems: tuple[str, ...] = ("vocals", "drums", "no_bass"),
        song: str = "Mix",
        time_reference: int = 0,
        silent: str = "",
    ) -> Path:
        folder = tmp_path / "Stems" / song
        files = {name: f"{song} - {name}.wav" for name in stems}
        for file in files.values():
            audio(folder / file)
        row = {
            "schema": 1,
            "job": job,
            "song": song,
            "take": 1,
            "source": {"sample_rate": RATE, "time_reference": time_reference},
            "stems": [{"name": name, "file": file, "silent": name == silent} for name, file in files.items()],
        }
        (folder / "stems.json").write_text(json.dumps(row), encoding="utf-8")
        return folder

    return make


def until(what: Callable[[], object], tick: Callable[[], None] = lambda: None) -> None:
    """Tick until something is so; sockets of this machine are quick, but not at once."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        tick()
        time.sleep(0.005)
