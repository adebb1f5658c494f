"""The spec of a bounce by name: a preset, a model, or what was chosen last."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.config.settings import Settings
from bridge.daemon.specs import special_spec
from bridge.errors import UsageError
from bridge.inbox.filters import folded
from bridge.jobs.spec import JobSpec
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import models


class Choices:
    """Finds specs by name, and holds the one chosen last. Threads may share one."""

    def __init__(
        self, settings: Settings, possible: Capabilities, default: JobSpec, presets: Mapping[str, JobSpec]
    ) -> None:
        self._settings = settings
        self._possible = possible
        self._default = default
        self._presets = presets
        self._chosen = ""

    @property
    def chosen(self) -> str:
        """The name that `choose` was given last; "" for none."""
        return self._chosen

    def choose(self, name: str) -> None:
        """Use this preset or model for every bounce that names none; "" goes back to the defaults.

        Raises `UsageError` for a name that is neither, and whatever building the spec raises.
        """
        self.named(name)
        self._chosen = name

    def usual(self) -> JobSpec:
        """Return the spec of a bounce that names nothing."""
        return self.named(self._chosen)

    def named(self, name: str) -> JobSpec:
        """Return the spec of a preset, or of a model by its id or name; "" for the defaults.

        Raises `UsageError` for a name that is neither, and whatever building the spec raises.
        """
        wanted = folded(name.strip())
        if not wanted:
            return self._default
        for preset, spec in self._presets.items():
            if folded(preset) == wanted:
                return spec
        for model in models().values():
            if wanted in {str(model.id), folded(model.name), folded(model.display_name)}:
                return special_spec(self._settings, self._possible, model_id=model.id)
        known = ", ".join((*self._presets, *(str(key) for key in models())))
        raise UsageError(
            f'"{name}" is neither a preset nor a model.', code="preset.unknown", advice=f"There are: {known}."
        )
