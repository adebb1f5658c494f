"""The platform's default folders. Computed at every call, so that a changed environment counts."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_APP = "stembridge"


def config_file() -> Path:
    """Return where the platform keeps our configuration; the file need not exist."""
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.toml"


def default_inbox() -> Path:
    """Return the folder a DAW renders into by default."""
    return platformdirs.user_music_path() / "Stembridge" / "Inbox"


def default_output() -> Path:
    """Return the folder that holds the songs' folders by default."""
    return platformdirs.user_music_path() / "Stembridge" / "Stems"


def default_state() -> Path:
    """Return the folder of the job store, the spool, the kept stems and the log by default."""
    return platformdirs.user_state_path(_APP, appauthor=False)


def default_models() -> Path:
    """Return the folder of the weights of local models by default."""
    return platformdirs.user_data_path(_APP, appauthor=False) / "models"
