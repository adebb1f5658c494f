"""Where finished deliveries lie."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bridge.delivery.bridge_status import NOWHERE, BridgeStatus, look
from bridge.delivery.importing import RECEIPT

_MUSIC = re.compile(r'^XDG_MUSIC_DIR="([^"]+)"', re.MULTILINE)


class StemsFolder:
    """The folder to look in: the one that the musician named, else the bridge's own, which may change."""

    def __init__(self, named: Path | None) -> None:
        self._named = named
        self._bridge: BridgeStatus = NOWHERE

    def now(self) -> Path:
        """Return where it is now."""
        self._bridge = look(self._bridge)
        return self._named or self._bridge.stems or default_stems()


def default_stems() -> Path:
    """Return the folder that the bridge delivers to where its configuration names no other."""
    return _music() / "Stembridge" / "Stems"


def _music() -> Path:
    """On Linux the folder has the name that the desktop's language gives it (xdg-user-dirs)."""
    home = Path.home()
    if sys.platform != "linux":
        return home / "Music"
    named = os.environ.get("XDG_MUSIC_DIR", "")
    if not named:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        try:
            found = _MUSIC.search((config / "user-dirs.dirs").read_text("utf-8"))
        except (OSError, ValueError):
            found = None
        named = found[1] if found else ""
    return Path(named.replace("$HOME", str(home))) if named else home / "Music"


def deliveries(folder: Path) -> dict[Path, int]:
    """Return the finished deliveries in a stems folder or a song's folder, each with when its receipt was written."""
    found = {}
    for receipt in _receipts(folder):
        try:
            found[receipt.parent] = receipt.stat().st_mtime_ns
        except OSError:
            continue
    return found


def _receipts(folder: Path) -> Iterator[Path]:
    for pattern in ("", "*", "*/*"):
        yield from folder.glob(f"{pattern}/{RECEIPT}" if pattern else RECEIPT)
