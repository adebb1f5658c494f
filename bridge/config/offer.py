"""Which models and engines there are. The rooms that know are above this one, so whoever loads the settings says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.config.conflicts import Conflict
from bridge.config.locate import KeyPath
from bridge.config.nearest import did_you_mean
from bridge.config.settings import Preset, Separation, Settings

_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Offer:
    """What this version has."""

    makers: Mapping[int, tuple[str, ...]]
    """Every model's id, with the names of all engines that can make it, also of those that are not here."""
    engines: tuple[str, ...]
    """The engines that are here."""


def beyond(settings: Settings, offer: Offer) -> Iterator[Conflict]:
    """Yield what the settings ask for and is not there. Whether there is a key to a service is not looked at."""
    base = settings.separation
    yield from _wrong(("separation",), base, base, offer)
    for name, preset in settings.presets.items():
        merged = base.model_copy(update={key: getattr(preset, key) for key in _set(preset)})
        yield from _wrong(("presets", name), preset, merged, offer)


def _wrong(section: KeyPath, written: Separation | Preset, merged: Separation, offer: Offer) -> Iterator[Conflict]:
    """Judge what one section says itself; `merged` is that with what it inherits."""
    makers, engine = offer.makers.get(merged.model), merged.engine
    here = engine == _AUTO or engine in offer.engines
    model_key, engine_key = (*section, "model"), (*section, "engine")
    if written.model is not None and makers is None:
        yield Conflict((model_key,), _no_model(merged.model, offer))
    if written.engine is not None and not here:
        reason = f'"{engine}" is not in this version, which has {_quoted(offer.engines)}; or write "{_AUTO}"'
        yield Conflict((engine_key,), reason)
    if makers is not None and here and engine != _AUTO and engine not in makers and _set(written):
        first, second = (model_key, engine_key) if written.model is not None else (engine_key, model_key)
        inherited: tuple[KeyPath, ...] = (("separation", "model"), ("separation", "engine"))
        yield Conflict((first, second, *inherited), _not_made(merged.model, engine, offer))


def _set(written: Separation | Preset) -> list[str]:
    return [key for key in ("model", "engine") if getattr(written, key) is not None]


def _no_model(model: int, offer: Offer) -> str:
    names = [str(known) for known in offer.makers]
    hint = did_you_mean(str(model), names)
    return f"there is no model {model}{hint}" if hint else f"there is no model {model}; there are {', '.join(names)}"


def _not_made(model: int, engine: str, offer: Offer) -> str:
    able = [name for name in offer.makers[model] if name in offer.engines]
    others = [str(known) for known, makers in offer.makers.items() if engine in makers]
    makers = f"{_quoted(able)} can; " if able else ""
    return f'"{engine}" cannot make model {model}; {makers}"{engine}" makes {", ".join(others)}'


def _quoted(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(f'"{name}"' for name in names)
