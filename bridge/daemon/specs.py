"""Turns settings and presets into the specs of jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path

from bridge.config.settings import Preset, Settings
from bridge.errors import UsageError
from bridge.jobs.spec import JobSpec
from bridge.separation.capabilities import KEY_ADVICE, Capabilities
from bridge.separation.catalogue import model
from bridge.separation.registry import LOCAL, SERVICE, label


def default_spec(settings: Settings, possible: Capabilities) -> JobSpec:
    """Return the spec of a bounce for which nothing special was asked.

    Raises `UsageError` for a model that does not exist, `EngineError` where no engine here can make it.
    """
    separation, normalise, output = settings.separation, settings.normalise, settings.output
    return JobSpec(
        output=output.folder,
        model=separation.model,
        engine=_engine(settings, possible),
        **{name: getattr(normalise, name) for name in type(normalise).model_fields},
        template=output.template,
        rebounce=output.rebounce,
        projects=output.projects,
        failover=separation.failover,
        trim_silence=settings.api.trim_silence,
    )


def _engine(settings: Settings, possible: Capabilities) -> str:
    wanted, engine = model(settings.separation.model), settings.separation.engine
    if engine == SERVICE and settings.separation.failover and not possible.key:
        engine = possible.best_local(wanted) or SERVICE  # no engine here can: the error then says where the key goes
    return possible.choose(engine, wanted)


def configured_engines(settings: Settings) -> set[str]:
    """Return the engines that the configuration names, "auto" among them."""
    return {settings.separation.engine, *(preset.engine for preset in settings.presets.values() if preset.engine)}


def missing_key_warning(settings: Settings, possible: Capabilities, engines: Collection[str]) -> str:
    """Return a warning if `engines` has the service and a local engine replaces it because there is no key; else ""."""
    if SERVICE not in engines or not settings.separation.failover or possible.key:
        return ""
    local = " or ".join(label(name) for name in LOCAL)
    return f"There is no key to the separation service, so {local} makes the stems instead. {KEY_ADVICE}"


def preset_specs(settings: Settings, possible: Capabilities) -> Mapping[str, JobSpec]:
    """Return the spec of each preset by its name; raises what `default_spec` does."""
    return {name: _with_preset(settings, possible, name, preset) for name, preset in settings.presets.items()}


def special_spec(
    settings: Settings,
    possible: Capabilities,
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
    spec = _with_preset(settings, possible, preset or "", chosen)
    return dataclasses.replace(spec, output=output.absolute() if output else spec.output, force=force)


def _with_preset(settings: Settings, possible: Capabilities, name: str, preset: Preset) -> JobSpec:
    separation = settings.separation.model_copy(
        update={key: value for key in ("model", "engine") if (value := getattr(preset, key)) is not None}
    )
    normalise = settings.normalise.model_copy(
        update={
            key: value for key in type(settings.normalise).model_fields if (value := getattr(preset, key)) is not None
        }
    )
    merged = settings.model_copy(update={"separation": separation, "normalise": normalise})
    return dataclasses.replace(default_spec(merged, possible), preset=name)
