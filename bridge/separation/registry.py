"""The one list of engines, and the choice among them. Cheap to import: an engine is loaded when it is asked for."""

from __future__ import annotations

import importlib
from typing import cast

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation import preview
from bridge.separation.catalogue import Model, models
from bridge.separation.seam import Separator

AUTO = "auto"
"""The name that leaves the choice to `choose`."""

_CLASSES = {preview.NAME: "bridge.separation.preview.engine:PreviewEngine"}
_LABELS = {preview.NAME: preview.LABEL}
_REVISIONS = {preview.NAME: preview.REVISION}

ENGINES: tuple[str, ...] = tuple(_CLASSES)
"""The engines of this version, by the names the configuration and the catalogue use."""


def label(name: str) -> str:
    """Return how an engine of this version is named to people; any other name stays as it is."""
    return _LABELS.get(name, name)


def revision(name: str) -> str:
    """Return the revision of this engine, without loading it; raise `EngineUnavailable` for one that is not here."""
    _require(name)
    return _REVISIONS[name]


def separator(name: str) -> Separator:
    """Load the engine of this name, or raise `EngineUnavailable` with the engines this version has."""
    _require(name)
    module, _, cls = _CLASSES[name].partition(":")
    return cast(Separator, getattr(importlib.import_module(module), cls)())


def choose(engine: str, model: Model) -> str:
    """Return the engine that will make the model's stems; "auto" takes the best one this version has.

    Raises `EngineUnavailable` for an engine that is not here, `ModelUnsupported` (with those that can) where the
    engine, or for "auto" every engine of this version, cannot make this model.
    """
    if engine != AUTO:
        _require(engine)
        if engine not in model.engines:
            raise unsupported(engine, model)
        return engine
    for candidate in model.engines:
        if candidate in _CLASSES:
            return candidate
    raise ModelUnsupported(
        f"No engine of this version can make {_described(model)}.",
        advice=f"{_able(model)} {_possible(*ENGINES)}",
    )


def unsupported(engine: str, model: Model) -> ModelUnsupported:
    """Build the error for an engine that cannot make this model's stems."""
    return ModelUnsupported(
        f"The {label(engine)} engine cannot make {_described(model)}.",
        advice=f"{_able(model)} {_possible(engine)}",
    )


def _require(name: str) -> None:
    if name in _CLASSES:
        return
    here = ", ".join(label(known) for known in ENGINES)
    known = {engine for row in models().values() for engine in row.engines}
    why = "is not in this version of Stembridge" if name in known else "is not an engine Stembridge knows"
    raise EngineUnavailable(f'"{name}" {why}.', advice=f'This version has {here}; or write "{AUTO}".')


def _described(model: Model) -> str:
    return f"model {model.id} ({model.display_name}: {', '.join(model.stems)})"


def _able(model: Model) -> str:
    absent = [name for name in model.engines if name not in _CLASSES]
    here = [label(name) for name in model.engines if name in _CLASSES]
    sentences = []
    if here:
        sentences.append(f"{_list(here)} can.")
    if absent:
        sentences.append(f"{_list(absent)} can, but {'is' if len(absent) == 1 else 'are'} not in this version.")
    return " ".join(sentences)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _possible(*engines: str) -> str:
    ids = [str(row.id) for row in models().values() if set(engines) & set(row.engines)]
    return f"With {_list([label(name) for name in engines])} choose one of the models {_list(ids)}."
