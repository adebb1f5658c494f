from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home folder the one in effect, on every platform."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_MUSIC_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Settings]:
    """Write a configuration file and load it."""

    def write_and_load(text: str) -> Settings:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return load(file, {})

    return write_and_load


@pytest.fixture
def problems(read: Callable[[str], Settings]) -> Callable[[str], list[tuple[int, str]]]:
    """Return the lines and messages of everything that is wrong with a configuration."""

    def read_wrong(text: str) -> list[tuple[int, str]]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [(problem.line, problem.message) for problem in caught.value.problems]

    return read_wrong
