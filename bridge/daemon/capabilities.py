"""Works out what is possible here: the key, a way to publish, each engine. Once per process, at its start."""

from __future__ import annotations

from bridge.config.available import Available
from bridge.config.settings import Settings
from bridge.daemon.cloud import publish_options
from bridge.daemon.key import api_key
from bridge.errors import PublisherUnavailable
from bridge.jobs.folder import StateFolder
from bridge.publish.registry import choose
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import models
from bridge.separation.engine import READY, Availability
from bridge.separation.registry import ENGINES, makers
from bridge.separation.separator import EngineOptions


def capabilities(settings: Settings) -> Capabilities:
    """Return what is possible with these settings. May ask the keyring. Raises `ConfigError` for an unsafe key file."""
    key = api_key(settings)
    return Capabilities(key, _publishing(settings, key), engine_options(settings))


def engine_options(settings: Settings) -> EngineOptions:
    """Return how the local engines run with these settings."""
    return EngineOptions(models=settings.models.folder, threads=settings.models.threads)


def _publishing(settings: Settings, key: str) -> Availability:
    try:
        choose(publish_options(settings, StateFolder(settings.state.folder), key))
    except PublisherUnavailable as error:
        return Availability(error.message, error.advice)
    return READY


def available() -> Available:
    """Return the models and engines that a configuration may name."""
    return Available({row.id: makers(row) for row in models().values()}, tuple(ENGINES))
