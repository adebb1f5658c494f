"""What runs in the other process: functions of frozen values of paths, so that any `Executor` can run them.

The heavy imports stand inside the functions: the server imports this module too, and stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.compute.progress import FileProgress
from bridge.separation.catalogue import model
from bridge.separation.run import run_engine
from bridge.separation.separator import SeparationRequest, Separator
from bridge.units import Frames, Hz


@dataclass(frozen=True, slots=True)
class DecodeWork:
    """Decode `source` into the float WAV `mix`."""

    source: Path
    mix: Path
    progress: Path


@dataclass(frozen=True, slots=True)
class Decoded:
    """The length of an input."""

    frames: Frames
    sample_rate: Hz


@dataclass(frozen=True, slots=True)
class SeparateWork:
    """Separate `mix` into `folder`, which is empty, with the engine that `load` gives for `engine`."""

    mix: Path
    model: int
    engine: str
    folder: Path
    progress: Path
    load: Callable[[str], Separator]


def decode_input(work: DecodeWork) -> Decoded:
    """Decode. Raises `BounceError` for what is no usable audio, `StorageError` for a full disk."""
    from bridge.audio.decode import decode

    mix = decode(work.source, work.mix, FileProgress(work.progress), name="The file at inputurl")
    return Decoded(mix.frames, mix.sample_rate)


def separate_input(work: SeparateWork) -> Mapping[str, Path]:
    """Separate. Raises what the engine names, `EngineFailed` for anything else it raises."""
    wanted = model(work.model)
    request = SeparationRequest(work.mix, wanted, work.folder)
    made = run_engine(work.load(work.engine), request, FileProgress(work.progress))
    return {name: made[name] for name in wanted.delivered}
