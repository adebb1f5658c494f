from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.daemon import specs
from bridge.daemon.capabilities import available, capabilities
from bridge.daemon.specs import configured_engines, missing_key_warning
from bridge.errors import EngineUnavailable, ModelUnsupported, UsageError
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import models
from bridge.separation.registry import ENGINES


def _settings(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path, {})


def default_spec(settings: Settings) -> JobSpec:
    return specs.default_spec(settings, capabilities(settings))


def preset_specs(settings: Settings) -> Mapping[str, JobSpec]:
    return specs.preset_specs(settings, capabilities(settings))


def special_spec(settings: Settings, **wish: Any) -> JobSpec:
    return specs.special_spec(settings, capabilities(settings), **wish)


def takeover(settings: Settings, engines: set[str]) -> str:
    return missing_key_warning(settings, capabilities(settings), engines)


def test_without_any_wish_the_four_stems_of_501_are_made_by_the_best_engine(tmp_path: Path) -> None:
    order = default_spec(_settings(tmp_path, ""))
    assert (order.model, order.engine, order.mode, order.depth, order.preset) == (501, "preview", "song", "24", "")


def test_a_preset_takes_what_it_does_not_set_from_the_defaults(tmp_path: Path) -> None:
    text = '[normalise]\nformat = "flac"\nlufs = -14\n[presets.karaoke]\nmodel = 350\ndepth = "16"\n'
    order = preset_specs(_settings(tmp_path, text))["karaoke"]
    assert (order.model, order.depth, order.format, order.lufs, order.preset) == (350, "16", "flac", -14.0, "karaoke")


def test_every_preset_brings_the_project_files_of_the_output_section(tmp_path: Path) -> None:
    text = '[output]\nprojects = ["rpp", "dawproject"]\n[presets.karaoke]\nmodel = 350\n'
    settings = _settings(tmp_path, text)
    assert default_spec(settings).projects == ("rpp", "dawproject")
    assert preset_specs(settings)["karaoke"].projects == ("rpp", "dawproject")


def test_the_command_line_goes_before_the_preset(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "[presets.karaoke]\nmodel = 350\n")
    order = special_spec(settings, preset="karaoke", model_id=340, output=Path("here"), force=True)
    assert (order.model, order.preset, order.output, order.force) == (340, "karaoke", Path("here").absolute(), True)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"preset": "nonsense"}, UsageError),
        ({"model_id": 1}, UsageError),
        ({"model_id": 320}, ModelUnsupported),
        ({"model_id": 320, "engine": "preview"}, ModelUnsupported),
        ({"engine": "demucs"}, EngineUnavailable),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_way_out(
    wish: dict[str, object], error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        special_spec(_settings(tmp_path, ""), **wish)
    assert getattr(caught.value, "advice", "")


def test_a_preset_that_cannot_be_made_stops_the_start_not_the_first_bounce(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsupported):
        preset_specs(_settings(tmp_path, "[presets.six]\nmodel = 320\n"))


def test_the_service_without_a_key_is_another_engine_only_where_that_is_allowed_and_possible(tmp_path: Path) -> None:
    text = '[separation]\nengine = "api"\nfailover = true\n'
    assert default_spec(_settings(tmp_path, text)).engine == "preview"
    assert default_spec(_settings(tmp_path, text + '[api]\nkey = "a key"\n')).engine == "api"
    for no_way in (text.replace("true", "false"), text + "model = 491\n"):
        with pytest.raises(EngineUnavailable, match="needs a key"):
            default_spec(_settings(tmp_path, no_way))


def test_only_who_names_the_service_is_told_that_it_has_no_key(tmp_path: Path) -> None:
    text = "[separation]\nfailover = true\n[presets.a]\nmodel = 350\n"
    assert configured_engines(_settings(tmp_path, text)) == {"auto"}
    asking = _settings(tmp_path, text + 'engine = "api"\n')
    assert configured_engines(asking) == {"auto", "api"}
    assert "preview" in takeover(asking, {"api"})
    assert takeover(asking, {"auto", "preview"}) == ""
    assert takeover(_settings(tmp_path, text + 'engine = "api"\n[api]\nkey = "a key"\n'), {"api"}) == ""


def test_a_configuration_may_name_every_model_of_the_catalogue_and_every_engine_of_the_registry() -> None:
    assert set(available().makers) == set(models())
    assert set(available().engines) == set(ENGINES)
