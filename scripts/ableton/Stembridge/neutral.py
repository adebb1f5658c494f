"""A new track is the musician's default audio track. What that brings would change every stem, and the stems would no
longer sum to the mix."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .live import has

_NEAR = 0.001
_REFUSED = (AttributeError, RuntimeError)
"""Is found out, and said, by asking again."""


def make_neutral(track: Any) -> None:
    """Take away a track's devices, and put its fader and its pan where Live's own default is. The sends stay."""
    with contextlib.suppress(*_REFUSED):
        for _ in _devices(track):
            track.delete_device(0)
    for parameter in _mixer(track):
        with contextlib.suppress(*_REFUSED):
            parameter.value = parameter.default_value


def is_neutral(track: Any) -> bool:
    """Say whether that has worked."""
    return not _devices(track) and all(_is_default(parameter) for parameter in _mixer(track))


def _devices(track: Any) -> list[Any]:
    return list(track.devices) if has(track, "devices") else []


def _mixer(track: Any) -> Iterator[Any]:
    if has(track, "mixer_device"):
        for name in ("volume", "panning"):
            if has(track.mixer_device, name) and has(getattr(track.mixer_device, name), "default_value"):
                yield getattr(track.mixer_device, name)


def _is_default(parameter: Any) -> bool:
    return bool(abs(parameter.value - parameter.default_value) < _NEAR)
