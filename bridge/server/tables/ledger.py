"""The credit ledger: minutes reserved when a task is created, settled when it succeeds, released when it fails.

Rows are only ever added. The schema itself refuses what must not happen: a negative balance, a second row of one kind
for a task, a settled task that is released too, a release of anything else than what was reserved
(`sql/0001_server.sql`). So no mistake in here, no second process and no kill can charge twice.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.database.database import Database
from bridge.errors import UsageError
from bridge.protocol.codes import Code
from bridge.protocol.extensions import Balance
from bridge.server.refused import Refused

LARGEST = 10**9
"""Of minutes at once: enough for two thousand years."""


class Ledger:
    """Moves minutes. Each method belongs into a transaction of whoever calls it, with what the minutes are for."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def credit(self, key: int, minutes: int) -> None:
        """Add minutes to a key, or take back what it has not used. Raises `UsageError`."""
        if not minutes or abs(minutes) > LARGEST:
            raise UsageError(f"{minutes} minutes cannot be credited.")
        if self._available(key) + minutes < 0:
            raise UsageError(f"The key has {self._available(key)} minutes; no more can be taken back.")
        self._book(key, None, "credit", minutes)

    def require(self, key: int, minutes: int) -> None:
        """Raise `Refused` with 100100 where a key may spend fewer minutes."""
        if self._available(key) < minutes:
            raise Refused(Code.INSUFFICIENT_CREDIT)

    def reserve(self, key: int, task: str, minutes: int) -> None:
        """Hold minutes, which were required before, for a new task."""
        self._book(key, task, "reserve", -minutes)

    def extend(self, key: int, task: str, minutes: int) -> None:
        """Raise what a task holds to `minutes`, once its length is known. Raises `Refused` with 100100."""
        more = minutes - self._held(task)
        if more > 0:
            self.require(key, more)
            self._book(key, task, "extend", -more)

    def settle(self, key: int, task: str) -> None:
        """Charge what the task holds: it succeeded."""
        self._book(key, task, "settle", 0)

    def release(self, key: int, task: str) -> None:
        """Give back what the task holds: it failed, and costs nothing."""
        self._book(key, task, "release", self._held(task))

    def balance(self, key: int) -> Balance:
        """Return what a key may still spend, and what its running tasks hold."""
        row = self._database.rows("standing", {"key": key})[0]
        return Balance(row["available"], row["reserved"])

    def _available(self, key: int) -> int:
        balance: int = self._database.rows("balance", {"key": key})[0]["balance"]
        return balance

    def _held(self, task: str) -> int:
        minutes: int = self._database.rows("held", {"task": task})[0]["minutes"]
        return minutes

    def _book(self, key: int, task: str | None, kind: str, minutes: int) -> None:
        values = {"key": key, "task": task, "kind": kind, "minutes": minutes, "now": self._clock()}
        self._database.run("book", values)
