"""The one table of engines. Cheap to import: an engine is loaded when it is asked for."""

from __future__ import annotations

import functools
import logging

from bridge.errors import EngineUnavailable
from bridge.separation import api, demucs, preview, roformer
from bridge.separation.catalogue import Model, models
from bridge.separation.engine import Engine
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions, Separator

log = logging.getLogger(__name__)

ENGINES: dict[str, Engine] = {
    engine.name: engine for engine in (api.ENGINE, roformer.ENGINE, demucs.ENGINE, preview.ENGINE)
}
"""The engines of this version by name. The order is that of choice, best first."""

AUTO = "auto"
"""The name that leaves the choice of the engine to Stembridge."""

SERVICE = api.ENGINE.name
"""The engine that is somebody else's machine: it has no `Separator`, since the work here is waiting and paying."""

LOCAL: tuple[str, ...] = tuple(name for name, engine in ENGINES.items() if engine.load)
"""The engines that run on this machine."""


def engine(name: str) -> Engine:
    """Return the engine of this name, or raise `EngineUnavailable` that lists the engines of this version."""
    if name not in ENGINES:
        here = ", ".join(known.label for known in ENGINES.values())
        raise EngineUnavailable(
            f'This version of Stembridge has no engine "{name}".', advice=f'It has {here}; or write "{AUTO}".'
        )
    return ENGINES[name]


def label(name: str) -> str:
    """Return how messages name an engine; a name that this version does not know stays as it is."""
    return ENGINES[name].label if name in ENGINES else name


def makers(model: Model) -> tuple[str, ...]:
    """Return the names of the engines that can make this model's stems, best first."""
    return tuple(name for name, known in ENGINES.items() if known.makes(model))


def models_of(*names: str) -> tuple[int, ...]:
    """Return the ids of the models that any of these engines can make, in the catalogue's order."""
    return tuple(row.id for row in models().values() if set(names) & set(makers(row)))


def best_local(model: Model, options: EngineOptions = DEFAULT_OPTIONS) -> str | None:
    """Return the best engine that can make this model's stems on this machine now; None where there is none."""
    for name in LOCAL:
        if not ENGINES[name].makes(model):
            continue
        found = ENGINES[name].state(model, options)
        if found.ready:
            return name
        log.debug("model %d: not engine %s: %s", model.id, name, found.why)
    return None


@functools.cache
def separator(name: str, options: EngineOptions = DEFAULT_OPTIONS) -> Separator:
    """Return the local engine of this name, loaded once in this process for each set of options.

    Raises `EngineUnavailable` for an engine that is not here or does not run on this machine.
    """
    found = engine(name)
    if found.load is None:
        raise EngineUnavailable("The separation service does not run on this machine.")
    return found.load(options)
