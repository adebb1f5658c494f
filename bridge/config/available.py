"""Settings that name a model or an engine that is not available.

Which ones there are is given by the caller of `load`: this room may not import the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.config.conflicts import Conflict
from bridge.config.locate import KeyPath
from bridge.config.nearest import did_you_mean
from bridge.config.settings import Preset, Separation, Settings

_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Available:
    """The models and engines of this version."""

    makers: Mapping[int, tuple[str, ...]]
    """For every model id, the names of the engines that can make it, best first."""
    engines: tuple[str, ...]


def unavailable_choices(settings: Settings, available: Available) -> Iterator[Conflict]:
    """Yield each model and engine that the settings name and that is not available. Ignores whether there is a key."""
    base = settings.separation
    yield from _wrong(("separation",), base, base, available)
    for name, preset in settings.presets.items():
        merged = base.model_copy(update={key: getattr(preset, key) for key in _set(preset)})
        yield from _wrong(("presets", name), preset, merged, available)


def _wrong(
    section: KeyPath, written: Separation | Preset, merged: Separation, available: Available
) -> Iterator[Conflict]:
    """Yield what is wrong with one section's own keys; `merged` also has what the section inherits."""
    makers, engine = available.makers.get(merged.model), merged.engine
    known = engine == _AUTO or engine in available.engines
    model_key, engine_key = (*section, "model"), (*section, "engine")
    if written.model is not None and makers is None:
        yield Conflict((model_key,), _no_model(merged.model, available))
    if written.engine is not None and not known:
        yield Conflict((engine_key,), _no_engine(engine, available))
    if makers is not None and known and engine != _AUTO and engine not in makers and _set(written):
        first, second = (model_key, engine_key) if written.model is not None else (engine_key, model_key)
        inherited: tuple[KeyPath, ...] = (("separation", "model"), ("separation", "engine"))
        yield Conflict((first, second, *inherited), _cannot_make(merged.model, engine, available))


def _set(written: Separation | Preset) -> list[str]:
    return [key for key in ("model", "engine") if getattr(written, key) is not None]


def _no_model(model: int, available: Available) -> str:
    names = [str(known) for known in available.makers]
    hint = did_you_mean(str(model), names)
    return f"there is no model {model}{hint}" if hint else f"there is no model {model}; there are {', '.join(names)}"


def _no_engine(engine: str, available: Available) -> str:
    hint = did_you_mean(engine, (_AUTO, *available.engines), '"{}"')
    return f'this version has no engine "{engine}"{hint or _choices(available)}'


def _choices(available: Available) -> str:
    return f'; it has {_quoted(available.engines)}, or write "{_AUTO}"'


def _cannot_make(model: int, engine: str, available: Available) -> str:
    makers = available.makers[model]
    others = [str(known) for known, able in available.makers.items() if engine in able]
    can = f"{_quoted(makers)} can; " if makers else ""
    return f'"{engine}" cannot make model {model}; {can}"{engine}" makes {", ".join(others)}'


def _quoted(names: tuple[str, ...]) -> str:
    return " and ".join(f'"{name}"' for name in names)
