from __future__ import annotations

import pytest

from bridge.errors import BounceError, EngineFailed, StorageError
from bridge.jobs.retry import ATTEMPTS, FIRST_DELAY_S, LONGEST_DELAY_S, retry_at


def test_a_broken_bounce_is_never_tried_again() -> None:
    assert retry_at(BounceError("It is empty."), 1, 1000.0) is None


def test_an_engine_gets_a_few_attempts() -> None:
    waits = [retry_at(EngineFailed("It broke."), attempt, 0.0) for attempt in range(1, ATTEMPTS + 1)]
    assert waits == [FIRST_DELAY_S, 2 * FIRST_DELAY_S, None]


@pytest.mark.parametrize("attempt", [1, 5, 40, 10_000])
def test_a_full_disk_is_tried_for_ever_but_not_often(attempt: int) -> None:
    when = retry_at(StorageError("Full."), attempt, 1000.0)
    assert when is not None
    assert FIRST_DELAY_S <= when - 1000.0 <= LONGEST_DELAY_S
