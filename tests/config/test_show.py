from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.load import load
from bridge.config.settings import Inbox, Normalise, Osc, Preset, Settings
from bridge.config.show import default_text, masked, render

Read = Callable[[str], Settings]
ROOT = Path(__file__).parents[2]


def test_the_packaged_default_is_the_repositorys_config_file() -> None:
    assert default_text() == (ROOT / "config.toml").read_text("utf-8")


def test_the_commented_default_sets_nothing(home: Path, read: Read) -> None:
    settings = read(default_text())
    assert settings == Settings()
    assert not any(getattr(settings, section).model_fields_set for section in settings.model_fields_set)


@pytest.mark.skipif(sys.platform != "linux", reason="the default names Linux's folders")
def test_the_commented_default_says_the_true_defaults_of_every_key(home: Path, read: Read) -> None:
    uncommented = re.sub(r"^#(?=\w+ = )", "", default_text(), flags=re.MULTILINE)
    assert read(uncommented) == Settings()
    written = tomli.loads(uncommented)
    for name in Settings.model_fields:
        section = getattr(Settings(), name)
        if name != "presets":
            assert set(written[name]) == {key for key, value in section if value is not None}


def test_every_key_is_explained_in_the_default() -> None:
    text = default_text()
    missing = [
        f"{name}.{key}"
        for name in Settings.model_fields
        if name != "presets"
        for key in type(getattr(Settings(), name)).model_fields
        if not re.search(rf"\b{key} = ", text)
    ]
    assert missing == []
    assert [key for key in Preset.model_fields if key not in text] == []


@given(
    text=st.text(st.characters(codec="utf-8")),
    polling=st.sampled_from([True, False, "auto"]),
    seconds=st.floats(0.001, 86_400),
    name=st.text(st.sampled_from("abc öß'"), min_size=1).filter(lambda name: name == name.strip()),
)
def test_what_is_shown_reads_back_as_the_same_settings(
    tmp_path_factory: pytest.TempPathFactory, text: str, polling: bool, seconds: float, name: str
) -> None:
    settings = Settings(
        inbox=Inbox(ignore=(text, "x"), polling=polling, settle_s=seconds),
        normalise=Normalise(lufs=-14.5, depth="32f"),
        osc=Osc(feedback=("localhost:9000",)),
        presets={name: Preset(rate=48000)},
    )
    file = tmp_path_factory.getbasetemp() / "shown.toml"
    file.write_text(render(settings), encoding="utf-8", newline="")
    assert load(file, {}) == settings


def test_each_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[osc]\nport = 9000\n", encoding="utf-8")
    shown = render(load(file, {"STEMBRIDGE_API_KEY": "abcdefghijklmnop"})).splitlines()
    assert shown[0] == f"# In effect, read from {file}"
    assert "port = 9000" in shown
    assert "port = 9124  # default" in shown
    assert 'key = "ab…op"  # from the environment' in shown


def test_without_a_file_it_says_so(home: Path) -> None:
    assert "no file" in render(load(None, {})).splitlines()[0]


def test_a_secret_shows_its_ends_only_if_it_is_long() -> None:
    assert masked("") == ""
    assert masked("short") == "…"
    assert masked("abcdefghijkl") == "ab…kl"
