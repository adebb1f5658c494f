"""Settings and presets as the specs that doors hand to the job store."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path

from bridge.config.offer import Offer
from bridge.config.settings import Preset, Settings
from bridge.daemon.cloud import cloud_ready
from bridge.daemon.key import api_key
from bridge.errors import EngineError, UsageError
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import Model, model, models
from bridge.separation.registry import AUTO, ENGINES, KEY_ADVICE, LOCAL, SERVICE, choose, label


def offer() -> Offer:
    """Return the models and engines that a configuration may name."""
    return Offer({row.id: row.engines for row in models().values()}, ENGINES)


def default_spec(settings: Settings) -> JobSpec:
    """Return what a bounce gets that asks for nothing special.

    Raises `UsageError` for a model that does not exist, `EngineError` where no engine here can make it.
    """
    separation, normalise, output = settings.separation, settings.normalise, settings.output
    return JobSpec(
        output=output.folder,
        model=separation.model,
        engine=_engine(settings),
        mode=normalise.mode,
        peak_dbtp=normalise.peak_dbtp,
        lufs=normalise.lufs,
        format=normalise.format,
        depth=normalise.depth,
        rate=normalise.rate,
        listening_copy=normalise.listening_copy,
        template=output.template,
        rebounce=output.rebounce,
        projects=output.projects,
        failover=separation.failover,
        trim_silence=settings.api.trim_silence,
    )


def _engine(settings: Settings) -> str:
    """Choose the engine: the service by itself only where it can be used, by name wherever there is a key to it."""
    wanted, wish = model(settings.separation.model), settings.separation.engine
    if wish == AUTO:
        return choose(AUTO, wanted, service=cloud_ready(settings))
    if wish == SERVICE and settings.separation.failover and not api_key(settings):
        return _without_key(wanted)
    return choose(wish, wanted, service=wish != SERVICE or bool(api_key(settings)))


def _without_key(wanted: Model) -> str:
    try:
        return choose(AUTO, wanted, service=False)
    except EngineError:
        return choose(SERVICE, wanted, service=False)  # no engine here can: the way out is the key


def wishes(settings: Settings) -> set[str]:
    """Return the engines that the configuration names, "auto" among them."""
    return {settings.separation.engine, *(preset.engine for preset in settings.presets.values() if preset.engine)}


def takeover(settings: Settings, wanted: Collection[str]) -> str:
    """Say that another engine takes the place of the service among those `wanted`, for want of a key; else ""."""
    if SERVICE not in wanted or not settings.separation.failover or api_key(settings):
        return ""
    local = " or ".join(label(name) for name in LOCAL)
    return f"There is no key to the separation service, so {local} makes the stems instead. {KEY_ADVICE}"


def preset_specs(settings: Settings) -> Mapping[str, JobSpec]:
    """Return the spec of each preset by its name; raises what `default_spec` does."""
    return {name: _with_preset(settings, name, preset) for name, preset in settings.presets.items()}


def special_spec(
    settings: Settings,
    *,
    preset: str | None = None,
    model_id: int | None = None,
    engine: str | None = None,
    output: Path | None = None,
    force: bool = False,
) -> JobSpec:
    """Return the spec of one command: the preset, or the defaults, with what the command line names instead."""
    if preset is None:
        chosen = Preset()
    elif preset in settings.presets:
        chosen = settings.presets[preset]
    else:
        known = ", ".join(settings.presets) or "none"
        raise UsageError(f"There is no preset {preset!r}.", advice=f"The configuration has: {known}.")
    if model_id is not None:
        chosen = chosen.model_copy(update={"model": model_id})
    if engine is not None:
        chosen = chosen.model_copy(update={"engine": engine})
    spec = _with_preset(settings, preset or "", chosen)
    return dataclasses.replace(spec, output=output.absolute() if output else spec.output, force=force)


def _with_preset(settings: Settings, name: str, preset: Preset) -> JobSpec:
    separation = settings.separation.model_copy(
        update={key: value for key in ("model", "engine") if (value := getattr(preset, key)) is not None}
    )
    normalise = settings.normalise.model_copy(
        update={
            key: value for key in type(settings.normalise).model_fields if (value := getattr(preset, key)) is not None
        }
    )
    merged = settings.model_copy(update={"separation": separation, "normalise": normalise})
    return dataclasses.replace(default_spec(merged), preset=name)
