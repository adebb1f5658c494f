from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from bridge.config import folders
from scripts.audacity.finding import StemsFolder, default_stems, deliveries
from tests.scripts.audacity.audacity_desk import importer


@pytest.mark.skipif(sys.platform == "win32", reason="there the system is asked, not the environment")
def test_the_default_folder_is_the_bridges_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("XDG_MUSIC_DIR", raising=False)
    assert default_stems() == folders.default_output()


@pytest.mark.skipif(sys.platform != "linux", reason="only there the folder's name is the desktop's choice")
def test_the_music_folder_is_named_as_the_desktop_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("XDG_MUSIC_DIR", raising=False)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "user-dirs.dirs").write_text('XDG_MUSIC_DIR="$HOME/Musik"\n')
    assert default_stems() == folders.default_output() == tmp_path / "Musik" / "Stembridge" / "Stems"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The bridge's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    folder = tmp_path / "stembridge"
    folder.mkdir()
    return folder


def say(state: Path, stems: Path) -> None:
    (state / "status.json").write_text(json.dumps({"schema": 1, "stems": str(stems)}))


def test_the_bridge_says_where_its_stems_are_unless_the_musician_does(
    monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path
) -> None:
    mine, bridges = StemsFolder(tmp_path), StemsFolder(None)
    assert bridges.now() == default_stems()
    say(state, tmp_path / "moved")
    assert (mine.now(), bridges.now()) == (tmp_path, tmp_path / "moved")
    (state / "status.json").write_text("{")
    assert bridges.now() == tmp_path / "moved", "it may be replaced at this moment"
    say(state, tmp_path / "100% moved")
    assert importer().stderr == f"There is no finished delivery in {tmp_path / '100% moved'}.\n"
    monkeypatch.setenv("COLUMNS", "1000")
    assert "100% moved" in importer("--help").stdout


def test_deliveries_are_found_in_a_stems_folder_and_in_a_songs_folder(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "one/take 02", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stems.json").touch()
        os.utime(tmp_path / name / "stems.json", ns=(number, number))
    (tmp_path / "unfinished").mkdir()
    assert deliveries(tmp_path) == {tmp_path / "one": 0, tmp_path / "one" / "take 02": 1, tmp_path / "two": 2}
    assert deliveries(tmp_path / "one") == {tmp_path / "one": 0, tmp_path / "one" / "take 02": 1}
    assert deliveries(tmp_path / "missing") == {}


def test_a_folder_without_a_delivery_is_one_sentence(tmp_path: Path) -> None:
    for arguments in (["--newest", tmp_path], [tmp_path], [tmp_path / "stems.json"]):
        done = importer(*arguments)
        assert (done.returncode, done.stderr) == (1, f"There is no finished delivery in {tmp_path}.\n")


def test_a_damaged_receipt_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "stems.json").write_text('{"schema": 2}')
    done = importer(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "update the importer" in done.stderr
