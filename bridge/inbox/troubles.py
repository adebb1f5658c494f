"""What went wrong, told once, and when to try again. Pure: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import StembridgeError


@dataclass(slots=True)
class _Trouble:
    code: str
    attempts: int


class Troubles:
    """The troubles that last, by what they are about: a path, or "" for everything."""

    def __init__(self, first_s: float) -> None:
        """Wait `first_s` before the second attempt, twice as long before each further one, at most 60 times as long."""
        self._first_s = first_s
        self._longest_s = 60 * first_s
        self._troubles: dict[str, _Trouble] = {}

    def meet(self, about: str, error: StembridgeError) -> tuple[bool, float]:
        """Note a failed attempt; return whether it is news, and the seconds to wait before the next attempt."""
        known = self._troubles.get(about)
        news = known is None or known.code != error.code
        attempts = 0 if known is None else known.attempts + 1
        self._troubles[about] = _Trouble(error.code, attempts)
        return news, min(self._longest_s, self._first_s * 2.0 ** min(attempts, 16))

    def subjects(self) -> list[str]:
        """Return what the lasting troubles are about."""
        return list(self._troubles)

    def over(self, about: str) -> bool:
        """Note that it works now; return whether there had been trouble."""
        return self._troubles.pop(about, None) is not None
