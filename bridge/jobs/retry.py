"""Whether, and when, a failed job is tried again by itself."""

from __future__ import annotations

from bridge.errors import CloudError, PublishError, StembridgeError, StorageError

FIRST_DELAY_S = 15.0
LONGEST_DELAY_S = 600.0
ATTEMPTS = 3
"""How often an engine may fail on the same bounce before only a person can ask again."""


def retry_at(error: StembridgeError, attempt: int, now: float) -> float | None:
    """Return when to try again (seconds since the epoch), or None to leave it to a person.

    `attempt` counts from 1. A disk is filled and freed, a network is gone and back at its owner's pace: that is tried
    for ever, at growing intervals, and no bounce is stranded. An engine that broke gets `ATTEMPTS` in all.
    """
    if not error.retryable:
        return None
    if not isinstance(error, (StorageError, CloudError, PublishError)) and attempt >= ATTEMPTS:
        return None
    return now + min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(attempt - 1, 16))
