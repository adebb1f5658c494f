"""The key to the separation service: from the flag or the environment, the configuration, the keyring, or a file."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from bridge.config import folders
from bridge.config.settings import Settings
from bridge.daemon.redact import hide
from bridge.errors import ConfigError

KEYRING_SERVICE, KEYRING_USER = "stembridge", "api-key"
KEY_FILE = "api-key"


def api_key(settings: Settings) -> str:
    """Return the key, "" where there is none. Raises `ConfigError` for a key file that others can read.

    `--api-key` and STEMBRIDGE_API_KEY have been taken into the settings, before [api] key.
    """
    key = settings.api.key.get_secret_value() or _from_keyring() or _from_file(folders.config_file().parent / KEY_FILE)
    hide(key)
    return key


def _from_keyring() -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, KEYRING_USER) or ""
    except KeyringError:
        return ""  # no keyring here, as on most machines without a screen


def _from_file(path: Path) -> str:
    try:
        status = path.stat()
        key = path.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The key file {path} cannot be read: {error}.") from error
    if sys.platform != "win32" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"Others can read the key file {path}.", advice=f"chmod 600 '{path}'")
    return key
