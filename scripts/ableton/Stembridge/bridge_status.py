"""Where the bridge's folders are and where it listens, for importers: they cannot read its configuration.

This file needs nothing but Python 3.7 and its standard library, so that an importer inside a DAW can carry a copy of
it. It reads the bridge's status file (docs/importers.md), which stays when the bridge has stopped. A bridge that never
ran has none, and one whose state folder was moved has it elsewhere: then the importer's settings and defaults count.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

STATUS = "status.json"
SCHEMA = 1


class Peer(NamedTuple):
    """Where the bridge hears OSC."""

    host: str
    port: int


class BridgeStatus(NamedTuple):
    """What the bridge said last; None where it did not."""

    inbox: Path | None = None
    stems: Path | None = None
    osc: Peer | None = None


NOWHERE = BridgeStatus()


def state_folder() -> Path:
    """Return the folder in which the bridge keeps its status file, unless its configuration names another."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "stembridge"
    named = os.environ.get("XDG_STATE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "stembridge"
    usual = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    return Path.home() / usual / "stembridge"


def look(before: BridgeStatus = NOWHERE) -> BridgeStatus:
    """Read the status file anew. `before` is what holds while it cannot be read: it may be replaced at this moment."""
    try:
        row = json.loads((state_folder() / STATUS).read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return before
    if not isinstance(row, dict) or row.get("schema") != SCHEMA:
        return before
    return BridgeStatus(_folder(row.get("inbox")), _folder(row.get("stems")), _peer(row.get("osc")))


def _folder(value: Any) -> Path | None:
    return Path(value) if isinstance(value, str) and Path(value).is_absolute() else None


def _peer(value: Any) -> Peer | None:
    port = value.get("port") if isinstance(value, dict) else None
    if not isinstance(port, int) or not 1 <= port <= 65_535:
        return None
    return Peer(_reachable(value.get("host")), port)


def _reachable(host: Any) -> str:
    """Return an address to send to. Who listens everywhere, or by a name, is asked on this machine."""
    try:
        address = ipaddress.IPv4Address(str(host))
    except ValueError:
        return "127.0.0.1"
    return "127.0.0.1" if address.is_unspecified else str(address)
