"""The seam every engine stands behind.

To add an engine: write one module in this folder with a class that fits `Separator`, and name it in `registry.py`.
It takes the path of a canonical mix and gives the paths of stems; it never names, normalises or delivers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.separation.catalogue import Model
from bridge.units import Progress


@dataclass(frozen=True, slots=True)
class SeparationRequest:
    """One mix to separate.

    `mix` is a float32 WAV or RF64 at the bounce's own rate and channel count; `folder` exists, is empty, and takes
    the stems: float32 WAV or RF64 files, named by the engine as it likes.
    """

    mix: Path
    model: Model
    folder: Path


class Separator(Protocol):
    """An engine."""

    name: str
    """As written in the configuration and in receipts."""

    label: str
    """How people read the name; a rough engine says here that it is one."""

    revision: str
    """Changes whenever the same mix would give other stems, so that kept stems of an older revision are not used."""

    def check(self, model: Model) -> None:
        """Raise `ModelUnsupported` (with the engines that can) where this engine can't make the model's stems."""

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        """Separate, and return the file of each stem by its name ("vocals", "no_vocals", ...).

        Runs in a process of its own and may be killed at any moment. Raises `EngineFailed` where the engine breaks.
        """
