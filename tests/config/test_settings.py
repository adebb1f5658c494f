from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.config.settings import Inbox, Settings

Read = Callable[[str], Settings]


def test_settings_cannot_be_changed(home: Path) -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.osc.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.osc = settings.osc  # type: ignore[misc]


def test_a_whole_number_will_do_for_a_number(read: Read) -> None:
    settings = read("[inbox]\nsettle_s = 2\n[normalise]\nlufs = -14\n")
    assert settings.inbox.settle_s == 2.0
    assert settings.normalise.lufs == -14.0


@pytest.mark.parametrize(("written", "depth"), [("16", "16"), ("24", "24"), ('"16"', "16"), ('"32f"', "32f")])
def test_a_depth_may_stand_without_quotes_if_it_is_a_number(written: str, depth: str, read: Read) -> None:
    assert read(f"[normalise]\ndepth = {written}\n").normalise.depth == depth


@pytest.mark.parametrize("rate", [0, 8000, 44100, 192000])
def test_a_rate_is_the_bounces_own_or_one_that_exists(rate: int, read: Read) -> None:
    assert read(f"[normalise]\nrate = {rate}\n").normalise.rate == rate


@pytest.mark.parametrize(("written", "value"), [("true", True), ("false", False), ('"auto"', "auto")])
def test_polling_is_on_off_or_found_out(written: str, value: object, read: Read) -> None:
    polling = read(f"[inbox]\npolling = {written}\n").inbox.polling
    assert (polling, type(polling)) == (value, type(value))


def test_a_preset_sets_only_what_it_names(read: Read) -> None:
    preset = read('[presets.vocals]\nmodel = 350\nlistening_copy = "mp3"\n').presets["vocals"]
    assert preset.model_dump(exclude_none=True) == {"model": 350, "listening_copy": "mp3"}


def test_the_api_key_does_not_show_in_a_log(read: Read) -> None:
    settings = read('[api]\nkey = "hush-hush"\n')
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.api.key.get_secret_value() == "hush-hush"


def test_a_section_can_be_made_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Inbox(folder=Path("in")).folder == tmp_path / "in"
    assert Settings(inbox=Inbox(folder=tmp_path)).inbox.folder == tmp_path
