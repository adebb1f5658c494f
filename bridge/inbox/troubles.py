"""Problems that last: each is reported once, and retried after growing waits. Pure: nothing here waits."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import StembridgeError


@dataclass(slots=True)
class _Trouble:
    code: str
    attempts: int


class Troubles:
    """The problems that last, by what they are about: a path, or "" for everything."""

    def __init__(self, first_s: float) -> None:
        """Wait `first_s` before the second attempt, twice as long before each further one, at most 60 times as long."""
        self._first_s = first_s
        self._longest_s = 60 * first_s
        self._troubles: dict[str, _Trouble] = {}

    def note(self, about: str, error: StembridgeError) -> tuple[bool, float]:
        """Note a failed attempt; return whether to report it, and the seconds to wait before the next one."""
        known = self._troubles.get(about)
        is_new = known is None or known.code != error.code
        attempts = 0 if known is None else known.attempts + 1
        self._troubles[about] = _Trouble(error.code, attempts)
        return is_new, min(self._longest_s, self._first_s * 2.0 ** min(attempts, 16))

    def subjects(self) -> list[str]:
        """Return what the problems are about."""
        return list(self._troubles)

    def clear(self, about: str) -> bool:
        """Note that it works now; return whether there was a problem."""
        return self._troubles.pop(about, None) is not None
