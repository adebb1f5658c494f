"""What runs in the other process: pure functions of paths, so that any `Executor` can run them.

Each task is given as one frozen value, writes only where it is told, and reports its progress into a small file, since
a callback does not cross to another process or machine. The heavy imports stand inside the functions: the daemon
imports this module too, and stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions, RenderReport
from bridge.jobs.order import Order
from bridge.jobs.progress import FileProgress
from bridge.separation.catalogue import model
from bridge.separation.registry import separator
from bridge.separation.run import run_engine
from bridge.separation.seam import SeparationRequest


@dataclass(frozen=True, slots=True)
class Task:
    """Something for the other process to do."""

    progress: Path
    """The file that takes the finished fraction."""


@dataclass(frozen=True, slots=True)
class DecodeTask(Task):
    """Decode the spooled bounce into the canonical `mix`."""

    spool: Path
    mix: Path
    name: str
    """What the musician called it."""


@dataclass(frozen=True, slots=True)
class SeparateTask(Task):
    """Separate the canonical `mix` into `folder`, which is empty."""

    mix: Path
    model: int
    engine: str
    folder: Path


@dataclass(frozen=True, slots=True)
class RenderTask(Task):
    """Write the normalised `stems` into the staging `folder` under the names in `files`."""

    spool: Path
    mix: Canonical
    stems: Mapping[str, Path]
    files: Mapping[str, str]
    folder: Path
    order: Order


@dataclass(frozen=True, slots=True)
class Rendered:
    """What `render_stems` found, and the origin it passed on."""

    report: RenderReport
    time_reference: int
    """The bounce's BWF origin in frames since midnight, at the bounce's rate."""


def decode_bounce(task: DecodeTask) -> Canonical:
    """Decode. Raises `BounceError` for a file that is not usable audio, `StorageError` for a full disk."""
    from bridge.audio.decode import decode

    return decode(task.spool, task.mix, FileProgress(task.progress), name=task.name)


def separate_mix(task: SeparateTask) -> Mapping[str, Path]:
    """Run the engine. An error it did not name itself becomes `EngineFailed`, one of the disk's `StorageError`."""
    request = SeparationRequest(task.mix, model(task.model), task.folder)
    return run_engine(separator(task.engine), request, FileProgress(task.progress))


def render_stems(task: RenderTask) -> Rendered:
    """Normalise and write every stem, with the bounce's own metadata."""
    from bridge.audio.bwf import read_metadata
    from bridge.audio.render import render

    metadata = read_metadata(task.spool)
    order = task.order
    options = RenderOptions(
        mode=order.mode,
        peak_dbtp=order.peak_dbtp,
        lufs=order.lufs,
        format=order.format,
        depth=order.depth,
        rate=order.rate,
        listening_copy=order.listening_copy,
    )
    progress = FileProgress(task.progress)
    report = render(task.mix, task.stems, task.files, task.folder, metadata, options, progress)
    return Rendered(report, metadata.time_reference)
