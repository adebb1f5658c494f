"""Estimates what a job costs, and refuses what is over the cap, before anything is uploaded. Pure."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from bridge.errors import OverBudget
from bridge.protocol.codes import Code
from bridge.protocol.extensions import Balance
from bridge.protocol.minutes import TrimHint, minutes_of, trim_hint
from bridge.protocol.refusals import InsufficientCredit
from bridge.units import Frames, Hz


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will cost in started minutes, and what leaving out the silence at its end would save."""

    minutes: int
    trim: TrimHint | None

    @property
    def sentence(self) -> str:
        """The price in words."""
        if self.trim is None:
            return f"This costs {_minutes(self.minutes)}."
        return (
            f"This costs {_minutes(self.minutes)}; without the silence at its end it would be {self.trim.minutes}. "
            "[api] trim_silence = true leaves it out and puts it back into the stems."
        )


def estimate(frames: Frames, rate: Hz, sounding: Frames | None = None) -> Estimate:
    """Return what so many frames cost; `sounding` is where the sound ends, None where nobody looked."""
    return Estimate(minutes_of(frames, rate), None if sounding is None else trim_hint(frames, sounding, rate))


def admit(minutes: int, used: int, cap: int | None) -> None:
    """Raise `OverBudget` where the job's minutes and those used this month pass the cap; None means no cap.

    Whoever counts `used` counts a task from its order on, whether the service bills at once or at the end: its own page
    says both.
    """
    if cap is not None and used + minutes > cap:
        raise OverBudget(
            f"The job needs {_minutes(minutes)}, and {_minutes(max(0, cap - used))} of this month's {cap} are left."
        )


def afford(minutes: int, balance: Balance | None) -> None:
    """Raise `InsufficientCredit` where the key has fewer minutes than the job needs; None means that nobody knows."""
    if balance is not None and balance.available < minutes:
        held = f"; tasks under way hold {balance.reserved} more" if balance.reserved else ""
        raise InsufficientCredit(
            f"The job needs {_minutes(minutes)}, and the key has {max(0, balance.available)} left{held}.",
            answered=Code.INSUFFICIENT_CREDIT,
        )


def month_of(at: float) -> str:
    """Return the month that a moment (seconds since the epoch) is billed in, in UTC.

    >>> month_of(0.0)
    '1970-01'
    """
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m}"


def _minutes(count: int) -> str:
    return f"{count} started minute{'' if count == 1 else 's'}"
