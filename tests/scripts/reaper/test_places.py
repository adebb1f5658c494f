"""The scripts find the bridge's folders, port and presets where the bridge itself has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.load import load
from tests.scripts.reaper.conftest import Studio


def test_without_a_configuration_the_defaults_are_the_bridges(studio: Studio) -> None:
    found = studio.part("places").find()
    assert (found.inbox, found.output) == (str(studio.inbox), str(studio.output))
    assert (found.host, found.port) == ("127.0.0.1", 9123)


@pytest.mark.parametrize(
    "lines",
    [
        '[inbox]\nfolder = "~/Bounces"\n[output]\nfolder = "/srv/stems" # here\n[osc]\nport = 9200\n[presets.vocals]\n',
        "[output]\nfolder = 'Sub/Stems'\n[presets.a-b]\nmodel = 350\n",
        '[inbox]\n#folder = "no"\nfolder="In \\"quotes\\""\n',
        '[inbox]\nscan_s = 30.0\n[api]\nbase_url = "https://x.example"\n',
    ],
)
def test_a_configuration_is_read_as_the_bridge_reads_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    file = studio.home / "config.toml"
    file.write_text(lines)
    monkeypatch.setenv("STEMBRIDGE_CONFIG", str(file))
    settings = load(file, {})
    found = studio.part("places").find()
    assert Path(found.inbox) == settings.inbox.folder
    assert Path(found.output) == settings.output.folder
    assert found.port == settings.osc.port
    assert sorted(found.presets.values()) == sorted(settings.presets)


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
    Path(home + "\\AppData\\Local\\stembridge\\config.toml").write_text("[osc]\nport = 9200\n")
    found = studio.part("places").find()
    assert (found.inbox, found.port) == (home + "\\Music\\Stembridge\\Inbox", 9200)


def test_the_music_folder_of_the_desktop_counts(studio: Studio) -> None:
    config = studio.home / ".config"
    config.mkdir()
    (config / "user-dirs.dirs").write_text('# comment\nXDG_MUSIC_DIR="$HOME/Musik"\n')
    assert studio.part("places").find().inbox == str(studio.home / "Musik" / "Stembridge" / "Inbox")
