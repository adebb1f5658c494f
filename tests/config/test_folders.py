from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bridge.config import folders
from bridge.config.settings import Settings


def test_every_default_folder_lies_in_the_home_of_the_moment(home: Path) -> None:
    for folder in (
        folders.config_file(),
        folders.default_inbox(),
        folders.default_output(),
        folders.default_state(),
    ):
        assert folder.is_relative_to(home)


def test_the_inbox_lies_in_the_music_folder(home: Path) -> None:
    assert Settings().inbox.folder == home / "Music" / "Stembridge" / "Inbox"
    assert Settings().output.folder == home / "Music" / "Stembridge" / "Stems"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is Linux's")
def test_the_desktops_own_folders_are_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_MUSIC_DIR", str(tmp_path / "Musik"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert folders.default_state() == tmp_path / "state" / "stembridge"
    assert folders.default_inbox() == tmp_path / "Musik" / "Stembridge" / "Inbox"
    assert folders.config_file() == tmp_path / "config" / "stembridge" / "config.toml"
