"""The server's options: small frozen values. Reading the configuration is left to the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bridge.errors import ModelUnsupported
from bridge.separation import registry
from bridge.separation.catalogue import Model
from bridge.separation.engine import described
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions, Separator
from bridge.web.listening import ConnectionLimits

HOUR_S = 3600


def local_engine(model: Model, options: EngineOptions = DEFAULT_OPTIONS) -> str:
    """Return the best engine of this machine for a model; never the cloud, which would be paid a second time.

    Raises `ModelUnsupported`.
    """
    if name := registry.best_local(model, options):
        return name
    raise ModelUnsupported(f"No engine of this server can make {described(model)}.")


@dataclass(frozen=True, slots=True)
class Engines:
    """How the server finds the engine for a model, and how that is loaded in the process that computes."""

    choose: Callable[[Model], str] = local_engine
    load: Callable[[str], Separator] = registry.separator

    @classmethod
    def of(cls, options: EngineOptions) -> Engines:
        """Return the engines of this machine, run with these options."""
        return cls(partial(local_engine, options=options), partial(registry.separator, options=options))


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one key and of one file."""

    calls_per_minute: int = 600
    """0: as many as it likes."""
    tasks_at_once: int = 8
    """Of one key, waiting or working; 0: as many as it likes."""
    file_bytes: int = 2 * 10**9
    uploads_at_once: int = 8
    """The uploads of one key may together take this many times `file_bytes`; 0: as much as it likes."""
    minutes: int = 180
    """The longest input."""
    fetch_s: float = 900.0


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Everything about one server."""

    storage: Path
    """The folder of its database, its work, and (without `objects`) of uploads and results."""
    objects: str = ""
    """The URL of an object store that takes uploads and results instead."""
    host: str = "127.0.0.1"
    port: int = 9125
    public_url: str = ""
    """The address for links if it is behind a proxy or tunnel; "" takes the host that each request names."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    allow: tuple[str, ...] = ()
    workers: int = 1
    link_s: int = HOUR_S
    """How long a link can be used."""
    retention_s: float = 24.0 * HOUR_S
    limits: Limits = Limits()
