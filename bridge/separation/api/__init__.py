"""The engine that sends a mix to an AudioSeparation service: the public one, or a studio's own server."""

from __future__ import annotations

from typing import Final

NAME: Final = "api"
LABEL: Final = "api (the AudioSeparation service)"
REVISION: Final = "1"
"""The service may change its models at any time and does not say so; this counts only changes of ours."""
