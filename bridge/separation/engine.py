"""What is known of an engine without loading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.errors import ModelUnsupported
from bridge.separation.catalogue import Model, models
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions, Separator


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether something can be used now; if not, why, and what to do about it."""

    why: str = ""
    """Why not, as a sentence; "" where it can be used."""
    advice: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be used."""
        return not self.why


READY = Availability()


def described(model: Model) -> str:
    """Name a model in a message: its id, name and stems."""
    return f"model {model.id} ({model.display_name}: {', '.join(model.stems)})"


@dataclass(frozen=True, slots=True)
class Engine:
    """One row of the registry. An engine's package builds it, so it must be cheap to import."""

    name: str
    """As written in the configuration and in receipts."""
    label: str
    """How messages name it; a rough engine says here that it is one."""
    revision: str
    """Changes whenever the same mix would give other stems: kept stems of an older revision are not used."""
    passes: Mapping[int, str] | None
    """For each model id that it can make, the name of the pass that makes it; None: every model, by a pass of its own.

    Models with the same pass share its stems: the mix is separated once for all of them.
    """
    load: Callable[[EngineOptions], Separator] | None = None
    """Loads it, in the process that computes; None for an engine on somebody else's machine."""
    availability: Callable[[str, EngineOptions], Availability] = lambda _pass, _options: READY
    """Looks whether a pass can run now: are its packages and weights here?"""

    weights: Callable[[str], tuple[str, ...]] = lambda _pass: ()
    """Returns the SHA-256 of every weights file that a pass uses."""

    def state(self, model: Model, options: EngineOptions = DEFAULT_OPTIONS) -> Availability:
        """Say whether this model's stems can be made now. Raises `ModelUnsupported` where they never can."""
        return self.availability(self.pass_of(model), options)

    def makes(self, model: Model) -> bool:
        """Say whether the engine can make this model's stems."""
        return self.passes is None or model.id in self.passes

    def pass_of(self, model: Model) -> str:
        """Return the name of the pass that makes this model's stems. Raises `ModelUnsupported` where it cannot."""
        if self.passes is None:
            return str(model.id)
        if model.id not in self.passes:
            raise ModelUnsupported(
                f"The {self.label} engine cannot make {described(model)}.",
                advice=f"It makes the models {', '.join(map(str, self.passes))}; `stembridge models` lists the others.",
            )
        return self.passes[model.id]

    def made_by(self, model: Model, options: EngineOptions = DEFAULT_OPTIONS) -> str:
        """Name all that this model's stems depend on besides the mix: the pass, the engine, weights and options."""
        name = self.pass_of(model)
        quality = (f"{option}={value:g}" for option, value in options.quality)
        return "|".join((name, self.name, self.revision, *self.weights(name), *quality))

    def most_files(self, model: Model) -> int:
        """Return how many stem files separating into this model may write, at most."""
        name = self.pass_of(model)
        return 1 + max(len(row.stems) for row in models().values() if self.makes(row) and self.pass_of(row) == name)
