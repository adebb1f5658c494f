"""How a job ends: the one look at the disk that feedback takes."""

from __future__ import annotations

import logging

from bridge.delivery.receipt import RECEIPT_NAME, Receipt, read
from bridge.errors import ReceiptUnreadable
from bridge.jobs.job import Job
from bridge.jobs.states import PARKED, State
from bridge.osc import saying

log = logging.getLogger(__name__)


def ending(job: Job) -> list[bytes]:
    """Return the messages that end a job: its stems and `done`, why it failed or waits, or nothing if cancelled."""
    if job.state is State.DELIVERED:
        return saying.delivered(job, _receipt(job))
    if job.state is State.FAILED or job.state in PARKED:
        return [saying.job_error(job)]
    return []


def _receipt(job: Job) -> Receipt | None:
    if job.folder is None:
        return None
    try:
        return read(job.folder / RECEIPT_NAME)
    except (OSError, ReceiptUnreadable) as error:
        log.warning("the stems of job %s cannot be told by OSC: %s", job.id, error)
        return None
