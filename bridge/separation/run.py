"""Running an engine, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge.errors import EngineFailed, StembridgeError, StorageError
from bridge.separation.separator import SeparationRequest, Separator
from bridge.units import Progress


def run_engine(engine: Separator, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
    """Return the engine's stems. An error it did not name itself becomes `EngineFailed`, the disk's `StorageError`."""
    try:
        return dict(engine.separate(request, progress))
    except StembridgeError:
        raise
    except OSError as error:
        raise StorageError.from_os(error, "writing the separated stems") from error
    except Exception as error:
        # An engine may be anybody's code: whatever it raises must end this job only, with a reason one can report.
        raise EngineFailed(f"The {engine.name} engine broke: {type(error).__name__}: {error}") from error
