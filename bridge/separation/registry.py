"""The one list of engines, and the choice among them. Cheap to import: an engine is loaded when it is asked for."""

from __future__ import annotations

import importlib
import logging
from typing import cast

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation import api, preview
from bridge.separation.catalogue import Model, models
from bridge.separation.separator import Separator

log = logging.getLogger(__name__)

KEY_ADVICE = "A key for the separation service goes into STEMBRIDGE_API_KEY, the keyring, or [api] key."

AUTO = "auto"
"""The name that leaves the choice to `choose`."""

_CLASSES = {preview.NAME: "bridge.separation.preview.engine:PreviewEngine"}
_LABELS = {preview.NAME: preview.LABEL, api.NAME: api.LABEL}
_REVISIONS = {preview.NAME: preview.REVISION, api.NAME: api.REVISION}

SERVICE = api.NAME
"""The engine that is somebody else's machine: no `Separator`, since what it does is waiting and paying."""

LOCAL: tuple[str, ...] = tuple(_CLASSES)
"""The engines of this version that run here."""

ENGINES: tuple[str, ...] = (*LOCAL, SERVICE)
"""The engines of this version, by the names the configuration and the catalogue use."""


def label(name: str) -> str:
    """Return how an engine of this version is named to people; any other name stays as it is."""
    return _LABELS.get(name, name)


def revision(name: str) -> str:
    """Return the revision of this engine, without loading it; raise `EngineUnavailable` for one that is not here."""
    _require(name)
    return _REVISIONS[name]


def separator(name: str) -> Separator:
    """Load the local engine of this name, or raise `EngineUnavailable` with the engines this version has."""
    _require(name)
    if name == SERVICE:
        raise EngineUnavailable("The separation service does not run on this machine.")
    module, _, cls = _CLASSES[name].partition(":")
    return cast(Separator, getattr(importlib.import_module(module), cls)())


def choose(engine: str, model: Model, *, service: bool = False) -> str:
    """Return the engine that will make the model's stems; "auto" takes the best one there is.

    `service` says whether there is a key to the separation service. Raises `EngineUnavailable` for an engine that is
    not here, `ModelUnsupported` (with those that can) where the engine, or for "auto" every engine, cannot make this
    model.
    """
    if engine != AUTO:
        _require(engine)
        if engine == SERVICE and not service:
            raise EngineUnavailable(f"The {label(engine)} engine needs a key.", advice=KEY_ADVICE)
        if engine not in model.engines:
            raise unsupported(engine, model)
        log.debug("model %d: engine %s, as configured or asked for", model.id, engine)
        return engine
    usable = {*_CLASSES, *([SERVICE] if service else [])}
    for candidate in model.engines:
        if candidate in usable:
            log.debug("model %d: engine %s, the first usable one of %s", model.id, candidate, ", ".join(model.engines))
            return candidate
        why = "no key, or no way to publish" if candidate == SERVICE else "not in this version"
        log.debug("model %d: not engine %s: %s", model.id, candidate, why)
    raise ModelUnsupported(
        f"No engine that is set up here can make {_described(model)}.",
        advice=f"{_able(model)} {_possible(*LOCAL)} {KEY_ADVICE}",
    )


def unsupported(engine: str, model: Model) -> ModelUnsupported:
    """Build the error for an engine that cannot make this model's stems."""
    return ModelUnsupported(
        f"The {label(engine)} engine cannot make {_described(model)}.",
        advice=f"{_able(model)} {_possible(engine)}",
    )


def _require(name: str) -> None:
    if name in ENGINES:
        return
    here = ", ".join(label(known) for known in ENGINES)
    known = {engine for row in models().values() for engine in row.engines}
    why = "is not in this version of Stembridge" if name in known else "is not an engine Stembridge knows"
    raise EngineUnavailable(f'"{name}" {why}.', advice=f'This version has {here}; or write "{AUTO}".')


def _described(model: Model) -> str:
    return f"model {model.id} ({model.display_name}: {', '.join(model.stems)})"


def _able(model: Model) -> str:
    absent = [name for name in model.engines if name not in ENGINES]
    here = [label(name) for name in model.engines if name in ENGINES]
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
