"""The catalogue of models, read from `models.toml` beside this file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import tomli

from bridge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalogue."""

    id: int
    name: str
    display_name: str
    stems: tuple[str, ...]
    complement: str | None
    """The name of what is left of the mix without the single stem; None for a model with several stems."""
    tier: str

    @property
    def delivered(self) -> tuple[str, ...]:
        """The names of all stems that are delivered: a single stem always comes with its complement."""
        return self.stems if self.complement is None else (*self.stems, self.complement)


@functools.cache
def models() -> Mapping[int, Model]:
    """Return every model by its id, in the catalogue's order."""
    table = tomli.loads(resources.files(__package__).joinpath("models.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            int(key): Model(
                id=int(key),
                name=row["name"],
                display_name=row["display_name"],
                stems=tuple(row["stems"]),
                complement=row.get("complement"),
                tier=row["tier"],
            )
            for key, row in table.items()
        }
    )


def model(model_id: int) -> Model:
    """Return the model with this id, or raise `UsageError` that lists the known ids."""
    found = models().get(model_id)
    if found is None:
        known = ", ".join(str(key) for key in models())
        raise UsageError(
            f"There is no model {model_id}.",
            code="model.unknown",
            advice=f"The models are {known}; `stembridge models` describes them.",
        )
    return found
