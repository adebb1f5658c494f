"""The catalogue of weights, read from `weights.toml` beside this file. Cheap: no numpy."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import tomli


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file."""

    name: str
    """How the catalogue and the command line call it."""
    file: str
    """The name it has at its maker's site and here."""
    urls: tuple[str, ...]
    """Where it is fetched from, tried in this order."""
    revision: str
    bytes: int
    sha256: str
    """In lower-case hex."""
    licence: str
    """As its author states it."""
    licence_source: str
    seen: str
    """The month in which the licence was looked at."""
    about: str


@functools.cache
def weights() -> Mapping[str, WeightsFile]:
    """Return every file by its name, in the catalogue's order."""
    table = tomli.loads(resources.files(__package__).joinpath("weights.toml").read_text("utf-8"))
    return MappingProxyType(
        {name: WeightsFile(name=name, **{**row, "urls": tuple(row["urls"])}) for name, row in table.items()}
    )


def by_sha256(sha256: str) -> WeightsFile | None:
    """Return the file of this hash; None for one that the catalogue does not have."""
    return next((known for known in weights().values() if known.sha256 == sha256), None)
