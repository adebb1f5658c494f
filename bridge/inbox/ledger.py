"""What the inbox asks of the job store, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bridge.jobs.arrival import Arrival, Signature


class Ledger(Protocol):
    """The memory of what has come in. `bridge.jobs.store.JobStore` is one."""

    def seen(self) -> dict[str, Signature]:
        """Return every path handled so far, verbatim, with the signature it had."""
        ...

    def accept(self, arrival: Arrival) -> str | None:
        """Make a job and remember the arrival, both in one transaction; return the job's id.

        Return None where this very path with this very content is known already (touched, or saved again as it
        was): then only the signature is remembered, and the caller deletes its spool copy.
        """
        ...

    def remember(self, source: Path, signature: Signature) -> None:
        """Remember a path without a job, so that it is not taken for a new bounce."""
        ...
