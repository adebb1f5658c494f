"""Where the platform keeps the bridge's status file and the musician's music."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bridge.config import folders
from tests.scripts.reaper.conftest import Studio


@pytest.mark.skipif(sys.platform == "win32", reason="there the system is asked, not the environment")
@pytest.mark.parametrize("named", ["", "relative", "/somewhere/else"])
def test_the_folders_are_the_bridges_own(studio: Studio, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", named)
    monkeypatch.setattr(studio.reaper, "GetOS", lambda: "macOS-arm64" if sys.platform == "darwin" else "Other")
    places = studio.part("places")
    assert Path(places.state()) == folders.default_state()
    assert Path(places.music()) / "Stembridge" / "Inbox" == folders.default_inbox()


def test_on_a_mac_the_state_is_in_the_library(studio: Studio) -> None:
    studio.reaper.GetOS = lambda: "macOS-arm64"  # type: ignore[method-assign]
    assert studio.part("places").state() == str(studio.home / "Library" / "Application Support" / "stembridge")


@pytest.mark.parametrize(
    ("resource", "home"),
    [
        ("C:\\Users\\Zo\u0113\\AppData\\Roaming\\REAPER", "C:\\Users\\Zo\u0113"),
        ("D:\\Portable\\REAPER", "C:\\Users\\Zoe"),
    ],
)
def test_on_windows_the_home_folder_has_all_its_letters(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, resource: str, home: str
) -> None:
    """What os.getenv says there is in the system's code page, where a letter that it lacks becomes another."""
    monkeypatch.setenv("USERPROFILE", "C:\\Users\\Zoe")
    monkeypatch.setenv("LOCALAPPDATA", "C:\\Users\\Zoe\\AppData\\Local")
    studio.reaper.GetOS = lambda: "Win64"  # type: ignore[method-assign]
    studio.reaper.GetResourcePath = lambda: resource  # type: ignore[method-assign]
    monkeypatch.chdir(studio.home)
    Path(home + "\\AppData\\Local\\stembridge\\status.json").write_text('{"schema": 1, "osc": {"port": 9200}}')
    assert studio.part("places").state() == home + "\\AppData\\Local\\stembridge"
    settings = studio.part("settings")
    assert (settings.get("inbox"), settings.bridge().port) == (home + "\\Music\\Stembridge\\Inbox", 9200)


def test_the_music_folder_of_the_desktop_counts(studio: Studio) -> None:
    config = studio.home / ".config"
    config.mkdir()
    (config / "user-dirs.dirs").write_text('# comment\nXDG_MUSIC_DIR="$HOME/Musik"\n')
    assert studio.part("places").music() == str(studio.home / "Musik")
