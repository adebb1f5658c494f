"""The table of engines."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from bridge.errors import EngineUnavailable
from bridge.separation import registry
from bridge.separation.catalogue import model, models
from bridge.separation.engine import Availability, Engine
from bridge.separation.registry import ENGINES, LOCAL, best_local, label, makers, separator
from bridge.separation.separator import EngineOptions, Separator


def test_the_registry_is_imported_without_numpy() -> None:
    code = "import sys, bridge.separation.registry; sys.exit('numpy' in sys.modules or 'soundfile' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_described_without_loading_it(name: str) -> None:
    assert ENGINES[name].name == name
    assert ENGINES[name].revision
    assert name in label(name)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_names_only_models_of_the_catalogue(name: str) -> None:
    assert set(ENGINES[name].passes or ()) <= set(models())
    assert [row.id for row in models().values() if name in makers(row)] == list(registry.models_of(name))


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_engine_is_loaded_once_for_each_set_of_options(name: str) -> None:
    separator.cache_clear()
    engine = separator(name)
    assert engine.name == name
    assert separator(name) is engine
    assert separator(name, EngineOptions(quality=(("shifts", 2),))) is not engine


def test_the_preview_is_called_a_rough_preview() -> None:
    assert "rough preview" in label("preview")


@pytest.mark.parametrize("name", ["elsewhere", "prevue"])
def test_an_engine_that_is_not_here_says_which_engines_are(name: str) -> None:
    with pytest.raises(EngineUnavailable, match="has no engine") as caught:
        separator(name)
    assert name in caught.value.message
    assert "preview" in caught.value.advice


def test_a_job_may_be_for_the_service_but_no_separator_is() -> None:
    with pytest.raises(EngineUnavailable, match="does not run on this machine"):
        separator("api")


@pytest.mark.parametrize("model_id", models())
def test_the_service_makes_every_model_and_is_the_best_choice(model_id: int) -> None:
    assert makers(model(model_id))[0] == "api"
    assert best_local(model(model_id)) in {None, "preview"}


def _preview(_options: EngineOptions) -> Separator:
    return separator("preview")


def test_an_engine_that_lacks_something_now_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Availability("The toy engine needs the package toy.", "pip install toy")
    toy = Engine(
        "toy", "toy", "1", {501: "all"}, lambda _options: separator("preview"), lambda _pass, _options: lacking
    )
    monkeypatch.setattr(registry, "ENGINES", {"toy": toy, **ENGINES})
    monkeypatch.setattr(registry, "LOCAL", ("toy", *LOCAL))
    assert best_local(model(501)) == "preview"


def _engine(**changes: Any) -> Engine:
    return dataclasses.replace(Engine("toy", "toy", "1", {501: "four", 350: "four", 320: "six"}), **changes)


def test_models_of_one_pass_share_their_stems_and_others_do_not() -> None:
    assert _engine().made_by(model(501)) == _engine().made_by(model(350))
    assert _engine().made_by(model(501)) != _engine().made_by(model(320))
    assert _engine().most_files(model(350)) == 5


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"revision": "2"}, {"weights": lambda name: (f"hash of the weights of {name}",)}]
)
def test_stems_of_another_engine_revision_or_weights_are_others(change: dict[str, Any]) -> None:
    assert _engine(**change).made_by(model(501)) != _engine().made_by(model(501))


def test_stems_of_other_options_are_others() -> None:
    two = EngineOptions(quality=(("shifts", 2),))
    assert _engine().made_by(model(501), two) != _engine().made_by(model(501))


def test_what_was_paid_for_keeps_the_key_that_it_always_had() -> None:
    assert ENGINES["api"].made_by(model(501)) == "501|api|1"
