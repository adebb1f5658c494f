"""The folders of the presets in the inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.daemon.preset_folders import prepare_preset_folders

PRESETS = ("Karaoke", "drums only")


def test_the_folder_of_each_preset_is_made(tmp_path: Path) -> None:
    prepare_preset_folders(tmp_path, PRESETS)
    prepare_preset_folders(tmp_path, PRESETS)
    assert {folder.name for folder in tmp_path.iterdir()} == set(PRESETS)


def test_a_folder_that_differs_in_letter_case_only_is_the_preset_s(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "KARAOKE").mkdir()
    prepare_preset_folders(tmp_path, PRESETS)
    assert {folder.name for folder in tmp_path.iterdir()} == {"KARAOKE", "drums only"}
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "meant"), [("Karaokee", "Karaoke"), ("karoke", "Karaoke"), ("drums-only", "drums only")]
)
def test_a_misspelt_folder_is_told_with_the_preset_that_was_meant(
    name: str, meant: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).mkdir()
    prepare_preset_folders(tmp_path, PRESETS)
    (record,) = caplog.records
    assert str(tmp_path / name) in record.getMessage()
    assert f'"{meant}"' in record.getMessage()


def test_other_folders_and_files_are_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "Night Drive").mkdir()
    (tmp_path / "Karaokee").write_bytes(b"a file")
    prepare_preset_folders(tmp_path, PRESETS)
    assert not caplog.records


def test_an_inbox_that_is_not_there_is_left_alone(tmp_path: Path) -> None:
    prepare_preset_folders(tmp_path / "gone", PRESETS)
    assert not (tmp_path / "gone").exists()


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "Karaoke").write_bytes(b"a file")
    prepare_preset_folders(tmp_path, ("Karaoke",))
    assert "cannot make" in caplog.text
