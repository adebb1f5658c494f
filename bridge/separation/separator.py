"""The interface that every local engine implements.

To add an engine: write a package in this folder with a class that fits `Separator` and an `ENGINE` that describes it,
and add that to `ENGINES` in `registry.py`. A separator takes the path of a canonical mix and gives the paths of stems;
it never names, normalises or delivers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.separation.catalogue import Model
from bridge.units import Progress


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a local engine runs. An engine is loaded once in a process for each set of options."""

    quality: tuple[tuple[str, float], ...] = ()
    """Options that change the stems, such as ("shifts", 2): a part of the key of kept stems."""
    models: Path | None = None
    """The folder of the weights; None where there is none, as in a test."""
    threads: int = 0
    """Threads of one operation; 0 for one less than there are processors."""


DEFAULT_OPTIONS = EngineOptions()


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
    """A local engine, loaded. It serves one request after the other."""

    name: str
    """As written in the configuration and in receipts."""

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        """Separate, and return the file of each stem by its name ("vocals", "no_vocals", ...).

        It may give more stems than the model has: all that its pass made are kept, for other models that ask for them.
        Runs in a process of its own and may be killed at any moment. Raises `EngineFailed` where the engine breaks.
        """
