"""The engine that sends a mix to an AudioSeparation service: the public one, or a studio's own server."""

from __future__ import annotations

from bridge.separation.engine import Engine

ENGINE = Engine(
    name="api",
    label="api (the AudioSeparation service)",
    # The service may change its models at any time and does not say so; this counts only changes of ours.
    revision="1",
    passes=None,
)
