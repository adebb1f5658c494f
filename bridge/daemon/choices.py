"""What a bounce is to be made into where its place does not say: a preset, a model, or the choice made last."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.config.settings import Settings
from bridge.daemon.specs import special_spec
from bridge.errors import UsageError
from bridge.inbox.filters import folded
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import models


class Choices:
    """The specs of all doors. Threads may share one."""

    def __init__(self, settings: Settings, default: JobSpec, presets: Mapping[str, JobSpec]) -> None:
        """`settings` should hold the key: whoever looks for it in a keyring may wait for its owner's password."""
        self._settings = settings
        self._default = default
        self._presets = presets
        self._chosen = ""

    @property
    def chosen(self) -> str:
        """The name that `choose` was given last; "" for none."""
        return self._chosen

    def choose(self, name: str) -> None:
        """Make a preset or model the choice for every bounce that names none; "" goes back to the defaults.

        Raises `UsageError` for a name that is neither, and what making the spec raises.
        """
        self.named(name)
        self._chosen = name

    def usual(self) -> JobSpec:
        """Return the spec of a bounce that names nothing."""
        return self.named(self._chosen)

    def named(self, name: str) -> JobSpec:
        """Return the spec that the name of a preset, or the id or name of a model stands for; "" for the defaults.

        Raises `UsageError` for a name that is neither, and what making the spec raises.
        """
        wanted = folded(name.strip())
        if not wanted:
            return self._default
        for preset, spec in self._presets.items():
            if folded(preset) == wanted:
                return spec
        for model in models().values():
            if wanted in {str(model.id), folded(model.name), folded(model.display_name)}:
                return special_spec(self._settings, model_id=model.id)
        known = ", ".join((*self._presets, *(str(key) for key in models())))
        raise UsageError(
            f'"{name}" is neither a preset nor a model.', code="preset.unknown", advice=f"There are: {known}."
        )
