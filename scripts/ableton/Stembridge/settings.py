"""What the musician may change: the file settings.json beside this one.

What it does not name, such as where the bridge is, is as the bridge says it; without a bridge, the defaults hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .bridge_status import NOWHERE, look

FILE = "settings.json"
_MUSIC = Path.home() / "Music" / "Stembridge"


class Settings(NamedTuple):
    """Where everybody is, and what comes in by itself."""

    port: int = 9127
    """Where this script listens for OSC, on this machine only."""
    bridge_host: str = "127.0.0.1"
    bridge_port: int = 9123
    inbox: str = str(_MUSIC / "Inbox")
    stems: str = str(_MUSIC / "Stems")
    import_all: bool = False
    """True: import every finished job, not only those that this set asked for."""
    silent_stems: bool = True
    """False: leave out stems in which nothing can be heard."""


class SettingsWrong(Exception):
    """The file cannot be followed. The message is a sentence."""


class Chosen:
    """The musician's own settings, and behind them those of the bridge, which may change whenever it is started."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row
        self._bridge = NOWHERE

    def now(self) -> Settings:
        """Return what holds now."""
        self._bridge = look(self._bridge)
        inbox, stems, osc = self._bridge
        said: dict[str, Any] = {"inbox": inbox and str(inbox), "stems": stems and str(stems)}
        if osc is not None:
            said.update(bridge_host=osc.host, bridge_port=osc.port)
        return Settings(**{**{key: value for key, value in said.items() if value}, **self._row})


def load(folder: Path) -> dict[str, Any]:
    """Return what the file in `folder` names; raises `SettingsWrong`, which names the key."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsWrong(f"{FILE} cannot be read ({error}).") from error
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsWrong(f"{FILE} is not JSON ({error}).") from error
    if not isinstance(row, dict):
        raise SettingsWrong(f"{FILE} is no list of settings in {{ }}.")
    return dict(_checked(key, value) for key, value in row.items())


def _checked(key: str, value: Any) -> tuple[str, Any]:
    defaults = Settings()._asdict()
    if key not in defaults:
        raise SettingsWrong(f'{FILE} has no setting "{key}": there are {", ".join(defaults)}.')
    wanted = type(defaults[key])
    if type(value) is not wanted or (wanted is int and not 1 <= value <= 65_535):
        raise SettingsWrong(f'{FILE}: "{key}" is {json.dumps(value)}, such as {json.dumps(defaults[key])} is needed.')
    return key, str(Path(value).expanduser()) if key in ("inbox", "stems") else value
