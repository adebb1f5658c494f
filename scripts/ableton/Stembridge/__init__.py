# ruff: noqa: N999  (Live shows the folder's name to the musician)
"""Stembridge for Ableton Live: a Remote Script that asks for stems and imports them. README.md says how to install it.

It needs Live 12.2 (12.0.5 imports into the Session, older ones only say where the stems lie), a running bridge, and
nothing else: Python 3.7 (Live 12.0) to 3.11 (since 12.1). There are no threads; all is done on Live's own tick.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .surface import Surface


def create_instance(c_instance: Any) -> Surface:
    """Return the control surface: what Live calls when the script is chosen in its settings."""
    return Surface(c_instance, Path(__file__).parent, time.monotonic)
