"""Decides whether a local engine takes over a job that the service refuses."""

from __future__ import annotations

import dataclasses

from bridge.errors import CloudError, StembridgeError
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import model
from bridge.separation.registry import SERVICE, best_local
from bridge.separation.separator import DEFAULT_OPTIONS, EngineOptions


def local_spec(spec: JobSpec, error: StembridgeError, options: EngineOptions = DEFAULT_OPTIONS) -> JobSpec | None:
    """Return the spec of the same job for a local engine; None where the job stays with the service.

    Only if failover is configured, the refused job costs nothing, and a local engine can make the stems now.
    """
    if spec.engine != SERVICE or not spec.failover or not isinstance(error, CloudError) or not error.fails_over:
        return None
    engine = best_local(model(spec.model), options)
    return dataclasses.replace(spec, engine=engine) if engine else None
