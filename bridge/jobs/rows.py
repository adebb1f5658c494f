"""Jobs and events as rows of the database, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.errors import StoreError
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Event, Failure, Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State


@contextmanager
def readable() -> Iterator[None]:
    """Raise `StoreError` where stored values are none that this program writes: the file was damaged or edited."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"The job store is damaged: it holds a value that cannot be read ({error!r}).",
            advice="Move stembridge.db in the state folder away and start again; "
            "your bounces and deliveries are not touched.",
        ) from error


def signature_of(row: sqlite3.Row) -> Signature:
    """Read the signature columns of a job or of a remembered file."""
    with readable():
        return Signature(int(row["inode"]), row["size"], row["mtime_ns"])


def signature_columns(signature: Signature) -> dict[str, str | int]:
    """Give the columns that `signature_of` reads."""
    return {"inode": str(signature.inode), "size": signature.size, "mtime_ns": signature.mtime_ns}


def arrival_columns(arrival: Arrival) -> dict[str, object]:
    """Return what a new job keeps of its arrival."""
    return {
        "song": arrival.song,
        "door": arrival.door,
        "watched": arrival.watched,
        "source": str(arrival.source),
        "spool": str(arrival.spool),
        "sha256": arrival.sha256,
        **signature_columns(arrival.signature),
        "order_json": arrival.spec.to_json(),
    }


def failure_columns(failure: Failure | None) -> dict[str, str | int | float | None]:
    """Give the error columns of a job; all NULL for a job that has not failed."""
    return {
        "error_code": failure.code if failure else None,
        "error_message": failure.message if failure else None,
        "error_advice": failure.advice if failure else None,
        "error_retryable": int(failure.retryable) if failure else None,
        "retry_at": failure.retry_at if failure else None,
    }


def job_of(row: sqlite3.Row) -> Job:
    """Read one row of the table of jobs. Raises `StoreError` where a value in it is damaged."""
    with readable():
        return _job_of(row)


def _job_of(row: sqlite3.Row) -> Job:
    failure = None
    if row["error_code"] is not None:
        failure = Failure(
            row["error_code"],
            row["error_message"],
            row["error_advice"],
            bool(row["error_retryable"]),
            row["retry_at"],
        )
    return Job(
        id=row["id"],
        song=row["song"],
        state=State(row["state"]),
        door=row["door"],
        watched=bool(row["watched"]),
        source=Path(row["source"]),
        spool=Path(row["spool"]),
        sha256=row["sha256"],
        signature=signature_of(row),
        key=row["stems_key"],
        spec=JobSpec.from_json(row["order_json"]),
        created=row["created"],
        updated=row["updated"],
        attempt=row["attempt"],
        progress=row["progress"],
        step=row["step"],
        cancelling=bool(row["cancelling"]),
        failure=failure,
        plan=row["plan"],
        folder=Path(row["folder"]) if row["folder"] else None,
        minutes=row["minutes"],
        content_hash=row["content_hash"],
    )


def event_of(row: sqlite3.Row) -> Event:
    """Read one row of the table of events."""
    return Event(row["job"], row["at"], row["kind"], row["detail"])
