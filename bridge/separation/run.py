"""Runs an engine, whoever wrote it, and checks that it made what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge.errors import EngineFailed, StembridgeError, StorageError
from bridge.separation.separator import SeparationRequest, Separator
from bridge.units import Progress


def run_engine(engine: Separator, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
    """Return all stems that the engine made, and the complement of the model's single stem.

    An error that the engine did not name becomes `EngineFailed`, one of the disk `StorageError`.
    """
    try:
        stems = dict(engine.separate(request, progress))
        _add_complement(stems, request)
    except StembridgeError:
        raise
    except OSError as error:
        raise StorageError.from_os(error, "writing the separated stems") from error
    except Exception as error:
        # An engine may be anybody's code: whatever it raises must end this job only, with a reason one can report.
        raise EngineFailed(f"The {engine.name} engine broke: {type(error).__name__}: {error}") from error
    missing = [name for name in request.model.delivered if name not in stems]
    if missing:
        raise EngineFailed(f"The {engine.name} engine made no {' and no '.join(missing)}.")
    return stems


def _add_complement(stems: dict[str, Path], request: SeparationRequest) -> None:
    name, single = request.model.complement, request.model.stems[0]
    if name is None or name in stems or single not in stems:
        return
    from bridge.separation.complement import write_complement  # numpy: only in the process that computes

    target = request.folder / f"{name}.wav"
    write_complement(request.mix, stems[single], target)
    stems[name] = target
