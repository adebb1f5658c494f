"""A job as plain values, for everything that is published as JSON: the command line and the status file."""

from __future__ import annotations

from typing import Any

from bridge.jobs.job import Job


def document_of(job: Job) -> dict[str, Any]:
    """Return what every published form of a job has; times and progress are rounded by whoever publishes them."""
    failure = job.failure
    return {
        "job": job.id,
        "song": job.song,
        "state": str(job.state),
        "progress": job.progress,
        "step": job.step,
        "source": str(job.source),
        "updated": job.updated,
        "folder": str(job.folder) if job.folder else None,
        "error": {"code": failure.code, "message": failure.message, "advice": failure.advice} if failure else None,
    }
