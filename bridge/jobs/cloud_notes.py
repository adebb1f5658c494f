"""What the job store knows of the separation service: where each job stands there, and what it was billed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bridge.database.database import Database


@dataclass(frozen=True, slots=True)
class Bill:
    """What becomes of the bill of a job's latest order.

    "insert" before it is sent, "change" once the minutes are known, "delete" if it was certainly not taken.
    """

    change: Literal["insert", "change", "delete"]
    month: str
    """In which it counts, such as "2026-11"."""
    minutes: int


class CloudNotes:
    """The part of the job store that money depends on. Every method raises `StorageError` where the disk fails it."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def checkpoint(self, job_id: str) -> str:
        """Return where a job stands with the service, as it was last saved; "" before anything was."""
        return str(self._database.rows("load_checkpoint", {"id": job_id})[0]["checkpoint"])

    def save(
        self, job_id: str, checkpoint: str, bill: Bill | None = None, admit: Callable[[int], None] = lambda _: None
    ) -> None:
        """Note where a job stands with the service and, in the same commit, what becomes of its bill.

        `admit` is given the minutes billed in the month before a new order; where it raises, nothing is noted. Jobs
        that order at once come here one after the other.
        """
        with self._database.transaction():
            self._database.run("save_checkpoint", {"id": job_id, "checkpoint": checkpoint})
            if bill is not None:
                if bill.change == "insert":
                    admit(self.billed_minutes(bill.month))
                values = {"id": job_id, "now": self._clock(), "month": bill.month, "minutes": bill.minutes}
                self._database.run(f"{bill.change}_bill", values)
                self._database.run("sum_bills", {"id": job_id})

    def left_published(self) -> list[tuple[str, str]]:
        """Return the id and the handle of what each cancelled or delivered job has published, oldest first."""
        return [(row["id"], row["handle"]) for row in self._database.rows("left_published")]

    def disown(self, job_id: str, handle: str) -> bool:
        """Note what a job has published as withdrawn; False, and nothing noted, where it needs it again by now.

        A job that is tried again from here on publishes anew, so that nothing the service is to fetch is withdrawn.
        """
        return self._database.run("disown", {"id": job_id, "handle": handle}) == 1

    def billed_minutes(self, month: str) -> int:
        """Return the started minutes of all orders of a month, those without an outcome included."""
        return int(self._database.rows("billed_in", {"month": month})[0]["minutes"])
