"""What is possible here, and the choice of an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import model, models
from bridge.separation.engine import Availability
from bridge.separation.registry import makers
from bridge.separation.separator import EngineOptions
from bridge.separation.weights.catalogue import weights

NOTHING = Capabilities()
KEY = Capabilities(key="a key")
NO_WAY = Availability("Nothing says how to publish.", "Set url.")


@pytest.mark.parametrize("model_id", [501, 350, 340, 360])
def test_auto_takes_the_best_engine_that_is_here(model_id: int) -> None:
    assert NOTHING.choose("auto", model(model_id)) == "preview"
    assert NOTHING.choose("preview", model(model_id)) == "preview"


@pytest.mark.parametrize("model_id", [490, 380, 390, 491, 492, 493, 320])
@pytest.mark.parametrize("engine", ["auto", "preview"])
def test_a_model_that_no_engine_here_can_make_names_those_that_can(engine: str, model_id: int) -> None:
    with pytest.raises(ModelUnsupported) as caught:
        NOTHING.choose(engine, model(model_id))
    assert str(model_id) in caught.value.message
    assert all(able in caught.value.advice for able in makers(model(model_id)))
    assert "501" in caught.value.advice


@pytest.mark.parametrize("model_id", models())
def test_with_a_key_the_service_makes_every_model(model_id: int) -> None:
    assert KEY.choose("auto", model(model_id)) == "api"
    assert KEY.choose("api", model(model_id)) == "api"


def test_the_service_without_a_key_says_where_the_key_goes() -> None:
    with pytest.raises(EngineUnavailable, match="needs a key") as caught:
        NOTHING.choose("api", model(501))
    assert "STEMBRIDGE_API_KEY" in caught.value.advice
    assert "needs a key" in NOTHING.service.why


def test_without_a_way_to_publish_the_service_is_taken_by_its_name_only() -> None:
    possible = Capabilities(key="a key", publishing=NO_WAY)
    assert possible.choose("auto", model(501)) == "preview"
    assert possible.choose("api", model(501)) == "api"
    assert possible.service == NO_WAY


@pytest.mark.parametrize(("model_id", "engine"), [(501, "demucs"), (350, "roformer"), (490, "roformer")])
def test_a_local_engine_without_its_weights_is_passed_over_and_says_how_to_fetch_them(
    model_id: int, engine: str
) -> None:
    with pytest.raises(EngineUnavailable, match="are not here") as caught:
        NOTHING.choose(engine, model(model_id))
    assert "stembridge models fetch" in caught.value.advice
    assert not NOTHING.of(model(model_id))[engine].ready


def test_with_its_weights_here_a_local_engine_is_better_than_the_preview(tmp_path: Path) -> None:
    wanted = weights()["htdemucs"]
    with (tmp_path / wanted.file).open("wb") as file:
        file.truncate(wanted.bytes)
    possible = Capabilities(options=EngineOptions(models=tmp_path))
    assert possible.choose("auto", model(501)) == "demucs"
    assert possible.choose("auto", model(350)) == "preview"


def test_the_key_is_never_shown() -> None:
    assert "a key" not in repr(KEY)


def test_a_misspelt_engine_says_which_engines_are_here() -> None:
    with pytest.raises(EngineUnavailable, match="prevue") as caught:
        NOTHING.choose("prevue", model(501))
    assert "preview" in caught.value.advice
