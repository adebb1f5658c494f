"""What can be separated here, and by what: worked out once, then read by everything that has to choose or to report."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation.catalogue import Model, models
from bridge.separation.engine import READY, Availability, described
from bridge.separation.registry import AUTO, ENGINES, SERVICE, best_local, engine, label, makers, models_of
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions

log = logging.getLogger(__name__)

KEY_ADVICE = "A key for the separation service goes into STEMBRIDGE_API_KEY, the keyring, or [api] key."


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The facts of one moment: the key to the service, a way to publish bounces for it, and every engine."""

    key: str = field(default="", repr=False)
    """The key to the separation service; "" for none. Never shown."""
    publishing: Availability = READY
    """Whether bounces can be made reachable for the service."""
    options: EngineOptions = DEFAULT_OPTIONS
    """How the local engines run, and where their weights are."""

    def of(self, model: Model) -> Mapping[str, Availability]:
        """Return the engines that can make this model's stems, best first, each with whether it can be used now."""
        return {name: self._state(name, model) for name in makers(model)}

    def best_local(self, model: Model) -> str | None:
        """Return the best engine that can make this model's stems on this machine now; None where there is none."""
        return best_local(model, self.options)

    def _state(self, name: str, model: Model) -> Availability:
        return self.service if name == SERVICE else ENGINES[name].state(model, self.options)

    def choose(self, wanted: str, model: Model) -> str:
        """Return the engine that will make the model's stems; "auto" takes the best one that can be used now.

        The service is taken by its name wherever there is a key: that nothing can be published is told by the job.
        Raises `EngineUnavailable` for an engine that cannot be used, `ModelUnsupported` (with those that can) where the
        engine, or for "auto" every engine, cannot make this model.
        """
        return self._best(model) if wanted == AUTO else self._named(wanted, model)

    def _best(self, model: Model) -> str:
        ways = []
        for name, state in self.of(model).items():
            if state.ready:
                log.debug("model %d: engine %s, the best one that can be used", model.id, name)
                return name
            log.debug("model %d: not engine %s: %s", model.id, name, state.why)
            ways.append(state.advice)
        raise ModelUnsupported(
            f"No engine that is set up here can make {described(model)}.",
            advice=" ".join([_able(model), *ways, self._now()]),
        )

    def _named(self, wanted: str, model: Model) -> str:
        found = engine(wanted)
        if not found.makes(model):
            raise ModelUnsupported(
                f"The {found.label} engine cannot make {described(model)}.",
                advice=f"{_able(model)} {_possible(wanted)}",
            )
        state = self._with_key() if wanted == SERVICE else found.state(model, self.options)
        if not state.ready:
            raise EngineUnavailable(state.why, advice=state.advice)
        log.debug("model %d: engine %s, as configured or asked for", model.id, wanted)
        return wanted

    def _now(self) -> str:
        """Say which models local engines can make now."""
        ids = [str(row.id) for row in models().values() if self.best_local(row)]
        return f"This machine can make the models {_list(ids)} now." if ids else ""

    def _with_key(self) -> Availability:
        return READY if self.key else Availability(f"The {label(SERVICE)} engine needs a key.", KEY_ADVICE)

    @property
    def service(self) -> Availability:
        """The separation service: it needs a key and a way to publish."""
        return self.publishing if self.key else self._with_key()


def _able(model: Model) -> str:
    return f"{_list(label(name) for name in makers(model))} can."


def _possible(*engines: str) -> str:
    ids = _list(str(model) for model in models_of(*engines))
    return f"With {_list(label(name) for name in engines)} choose one of the models {ids}."


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
