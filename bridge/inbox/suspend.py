"""Did this machine sleep, or was the process stopped, while it waited? Pure."""

from __future__ import annotations

from dataclasses import dataclass

_SLACK_S = 5.0


@dataclass(frozen=True, slots=True)
class Instant:
    """Both clocks, read together."""

    monotonic: float
    wall: float


def slept(before: Instant, after: Instant, planned_s: float) -> bool:
    """Say whether a wait that should have taken at most `planned_s` was a sleep.

    On Linux and macOS the monotonic clock stands while the machine sleeps, so the clocks drift apart; on Windows,
    and where the process was stopped, it runs on, so the wait was too long. A wall clock that was set counts as
    a sleep too: that costs one scan.
    """
    waited = after.monotonic - before.monotonic
    return waited > planned_s + _SLACK_S or abs(after.wall - before.wall - waited) > _SLACK_S
