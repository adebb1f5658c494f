"""What can be separated here, and by what: worked out once, then read by everything that has to choose or to report."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.errors import EngineUnavailable, ModelUnsupported
from bridge.separation.catalogue import Model
from bridge.separation.engine import READY, Availability, described
from bridge.separation.registry import AUTO, ENGINES, LOCAL, SERVICE, engine, label, makers, models_of

log = logging.getLogger(__name__)

KEY_ADVICE = "A key for the separation service goes into STEMBRIDGE_API_KEY, the keyring, or [api] key."


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The facts of one moment: the key to the service, a way to publish bounces for it, and every engine."""

    key: str = field(default="", repr=False)
    """The key to the separation service; "" for none. Never shown."""
    publishing: Availability = READY
    """Whether bounces can be made reachable for the service."""
    local: Mapping[str, Availability] = field(default_factory=lambda: dict.fromkeys(LOCAL, READY))
    """Every engine that runs on this machine."""

    @property
    def engines(self) -> Mapping[str, Availability]:
        """Every engine of this version by its name, best first; the service needs a key and a way to publish."""
        return {name: self.local[name] if name in self.local else self._service() for name in ENGINES}

    def of(self, model: Model) -> Mapping[str, Availability]:
        """Return the engines that can make this model's stems, best first, each with whether it can be used now."""
        return {name: self.engines[name] for name in makers(model)}

    def choose(self, wanted: str, model: Model) -> str:
        """Return the engine that will make the model's stems; "auto" takes the best one that can be used now.

        The service is taken by its name wherever there is a key: that nothing can be published is told by the job.
        Raises `EngineUnavailable` for an engine that cannot be used, `ModelUnsupported` (with those that can) where the
        engine, or for "auto" every engine, cannot make this model.
        """
        return self._best(model) if wanted == AUTO else self._named(wanted, model)

    def _best(self, model: Model) -> str:
        for name, state in self.of(model).items():
            if state.ready:
                log.debug("model %d: engine %s, the best one that can be used", model.id, name)
                return name
            log.debug("model %d: not engine %s: %s", model.id, name, state.why)
        raise ModelUnsupported(
            f"No engine that is set up here can make {described(model)}.",
            advice=f"{_able(model)} {_possible(*LOCAL)} {KEY_ADVICE}",
        )

    def _named(self, wanted: str, model: Model) -> str:
        found = engine(wanted)
        state = self._with_key() if wanted == SERVICE else self.local[wanted]
        if not state.ready:
            raise EngineUnavailable(state.why, advice=state.advice)
        if not found.makes(model):
            raise ModelUnsupported(
                f"The {found.label} engine cannot make {described(model)}.",
                advice=f"{_able(model)} {_possible(wanted)}",
            )
        log.debug("model %d: engine %s, as configured or asked for", model.id, wanted)
        return wanted

    def _with_key(self) -> Availability:
        return READY if self.key else Availability(f"The {label(SERVICE)} engine needs a key.", KEY_ADVICE)

    def _service(self) -> Availability:
        return self.publishing if self.key else self._with_key()


def _able(model: Model) -> str:
    return f"{_list(label(name) for name in makers(model))} can."


def _possible(*engines: str) -> str:
    ids = _list(str(model) for model in models_of(*engines))
    return f"With {_list(label(name) for name in engines)} choose one of the models {ids}."


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
