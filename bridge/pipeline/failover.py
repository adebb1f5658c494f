"""Whether a local engine takes over a job that the service will not do. Pure."""

from __future__ import annotations

import dataclasses

from bridge.errors import CloudError, EngineError, StembridgeError
from bridge.jobs.spec import JobSpec
from bridge.separation.catalogue import model
from bridge.separation.registry import AUTO, SERVICE, choose


def local_spec(spec: JobSpec, error: StembridgeError) -> JobSpec | None:
    """Return the order for the local engine that can make the same stems; None where the job stays as it is.

    Only where the musician has allowed it, nothing was or will be paid, and there is such an engine.
    """
    if spec.engine != SERVICE or not spec.failover or not isinstance(error, CloudError) or not error.fails_over:
        return None
    try:
        engine = choose(AUTO, model(spec.model), service=False)
    except EngineError:
        return None
    return dataclasses.replace(spec, engine=engine)
