"""The tasks that only a job needs, beside `bridge.compute.tasks`: uploading, fitting, rendering, project files.

Written like those: pure functions of frozen values, with the heavy imports inside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from bridge.audio.mix import Canonical
from bridge.audio.options import RenderOptions, RenderReport
from bridge.compute.progress import FileProgress
from bridge.compute.tasks import Task
from bridge.delivery.receipt import Receipt
from bridge.files.folders import make_empty
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import model
from bridge.units import Frames


@dataclass(frozen=True, slots=True)
class ComplementTask(Task):
    """Write `mix` minus `stem` to the file `target`."""

    mix: Path
    stem: Path
    target: Path


@dataclass(frozen=True, slots=True)
class PrepareTask(Task):
    """Make what is uploaded of the mix, in a `folder` made anew."""

    mix: Canonical
    folder: Path
    trim: bool
    flac: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be uploaded, and how many frames of the mix come before its final silence."""

    path: Path
    name: str
    frames: Frames
    sounding: Frames


@dataclass(frozen=True, slots=True)
class FitTask(Task):
    """Fit what the service returned to the mix, in a `folder` made anew; `sent` frames of it were uploaded."""

    mix: Canonical
    downloads: Mapping[str, Path]
    model: int
    folder: Path
    sent: Frames


@dataclass(frozen=True, slots=True)
class RenderTask(Task):
    """Write the normalised `stems` into the staging `folder` under the names in `files`."""

    spool: Path
    mix: Canonical
    stems: Mapping[str, Path]
    files: Mapping[str, str]
    folder: Path
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class Rendered:
    """What `render_stems` found, and the bounce's own origin and tempo."""

    report: RenderReport
    time_reference: int
    """The bounce's BWF origin in frames since midnight, at the bounce's rate."""
    tempo: float | None
    """In beats per minute, None where the bounce names none."""


@dataclass(frozen=True, slots=True)
class ProjectsTask(Task):
    """Write project files of these `kinds` for the stems of the `receipt`, which are in `folder`."""

    receipt: Receipt
    kinds: tuple[str, ...]
    folder: Path


def make_complement(task: ComplementTask) -> Path:
    """Write the complement of a kept stem; raises `EngineFailed` for a stem of another shape, `StorageError`."""
    from bridge.separation.complement import write_complement

    write_complement(task.mix, task.stem, task.target)
    return task.target


def prepare_upload(task: PrepareTask) -> Prepared:
    """Make the file to upload; raises `StorageError`."""
    from bridge.separation.api.upload_form import sounding_frames, upload_form

    make_empty(task.folder)
    sounding = sounding_frames(task.mix)
    frames = Frames(max(1, sounding)) if task.trim else task.mix.frames
    made = upload_form(task.mix, task.folder, frames=frames, flac=task.flac, progress=FileProgress(task.progress))
    return Prepared(made.path, made.name, made.frames, sounding)


def fit_downloads(task: FitTask) -> Mapping[str, Path]:
    """Align, trim or pad the service's stems; raises `EngineFailed` for what does not fit, `StorageError`."""
    from bridge.separation.api.fit import fit

    make_empty(task.folder)
    progress = FileProgress(task.progress)
    fitted = fit(task.mix, task.downloads, model(task.model), task.folder, sent=task.sent, progress=progress)
    return dict(fitted.stems)


def render_stems(task: RenderTask) -> Rendered:
    """Normalise and write every stem, with the bounce's own metadata."""
    from bridge.audio.bwf import read_metadata
    from bridge.audio.render import render
    from bridge.audio.tempo import read_tempo

    metadata = read_metadata(task.spool)
    options = RenderOptions(**{field.name: getattr(task.spec, field.name) for field in fields(RenderOptions)})
    progress = FileProgress(task.progress)
    report = render(task.mix, task.stems, task.files, task.folder, metadata, options, progress)
    return Rendered(report, metadata.time_reference, read_tempo(task.spool))


def write_project_files(task: ProjectsTask) -> tuple[str, ...]:
    """Write the project files and return their names; raises `StorageError`."""
    from bridge.delivery.projects.registry import write_projects

    return write_projects(task.receipt, task.kinds, task.folder)
