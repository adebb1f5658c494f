"""The list of engines and the choice among them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation.catalogue import model, models
from bridge.separation.registry import LOCAL, choose, label, separator


def test_the_registry_is_imported_without_numpy() -> None:
    code = "import sys, bridge.separation.registry; sys.exit('numpy' in sys.modules or 'soundfile' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", LOCAL)
def test_an_engine_of_this_version_loads_under_its_own_name(name: str) -> None:
    engine = separator(name)
    assert engine.name == name
    assert engine.revision
    assert engine.label == label(name)


def test_the_preview_is_called_a_rough_preview() -> None:
    assert "rough preview" in separator("preview").label


@pytest.mark.parametrize("name", ["demucs", "roformer"])
def test_an_engine_of_a_later_version_says_which_engines_are_here(name: str) -> None:
    with pytest.raises(EngineUnavailable, match="not in this version") as caught:
        separator(name)
    assert name in caught.value.message
    assert "preview" in caught.value.advice


def test_a_misspelt_engine_says_which_engines_are_here() -> None:
    with pytest.raises(EngineUnavailable, match="prevue") as caught:
        choose("prevue", model(501))
    assert "preview" in caught.value.advice


@pytest.mark.parametrize("model_id", [501, 350, 340, 360])
def test_auto_takes_the_best_engine_that_is_here(model_id: int) -> None:
    assert choose("auto", model(model_id)) == "preview"
    assert choose("preview", model(model_id)) == "preview"


@pytest.mark.parametrize("model_id", [490, 380, 390, 491, 492, 493, 320])
@pytest.mark.parametrize("engine", ["auto", "preview"])
def test_a_model_that_no_engine_here_can_make_names_those_that_can(engine: str, model_id: int) -> None:
    with pytest.raises(ModelUnsupported) as caught:
        choose(engine, model(model_id))
    assert str(model_id) in caught.value.message
    assert all(able in caught.value.advice for able in models()[model_id].engines)
    assert "501" in caught.value.advice


@pytest.mark.parametrize("model_id", models())
def test_with_a_key_the_service_makes_every_model(model_id: int) -> None:
    assert choose("auto", model(model_id), service=True) == "api"
    assert choose("api", model(model_id), service=True) == "api"


def test_the_service_without_a_key_says_where_the_key_goes() -> None:
    with pytest.raises(EngineUnavailable, match="needs a key") as caught:
        choose("api", model(501))
    assert "STEMBRIDGE_API_KEY" in caught.value.advice


def test_a_job_may_be_for_the_service_but_no_separator_is() -> None:
    with pytest.raises(EngineUnavailable, match="does not run on this machine"):
        separator("api")
