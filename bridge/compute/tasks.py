"""What every executor can run: pure functions of frozen values that hold paths, numbers and words.

A task writes only where it is told and reports its progress to a file. The heavy imports are inside the functions: the
daemon and the server import this module too, and must stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.mix import Canonical
from bridge.compute.progress import FileProgress
from bridge.separation.catalogue import model
from bridge.separation.registry import separator
from bridge.separation.run import run_engine
from bridge.separation.separator import SeparationRequest, Separator


@dataclass(frozen=True, slots=True)
class Task:
    """Something for another process to do."""

    progress: Path
    """The file for its progress; the stop mark is beside it."""


@dataclass(frozen=True, slots=True)
class DecodeTask(Task):
    """Decode `source` into the canonical float WAV `mix`."""

    source: Path
    mix: Path
    name: str
    """What messages call the file."""


@dataclass(frozen=True, slots=True)
class SeparateTask(Task):
    """Separate the canonical `mix` into `folder`, which is empty, with the engine that `load` returns for `engine`."""

    mix: Path
    model: int
    engine: str
    folder: Path
    load: Callable[[str], Separator] = separator
    """Must be picklable; called in the process that runs the task."""


def decode_mix(task: DecodeTask) -> Canonical:
    """Decode. Raises `BounceError` for a file that is not usable audio, `StorageError` for a full disk."""
    from bridge.audio.decode import decode

    return decode(task.source, task.mix, FileProgress(task.progress), name=task.name)


def separate_mix(task: SeparateTask) -> Mapping[str, Path]:
    """Run the engine. An error it did not name itself becomes `EngineFailed`, one of the disk's `StorageError`."""
    request = SeparationRequest(task.mix, model(task.model), task.folder)
    return run_engine(task.load(task.engine), request, FileProgress(task.progress))
