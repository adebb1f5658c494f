"""The part of the job store about the cloud: where each job stands there, and what it was billed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.database.database import Database
from bridge.jobs.rows import readable
from bridge.jobs.states import State


@dataclass(frozen=True, slots=True)
class Bill:
    """What becomes of the bill of a job's latest order.

    "insert" before it is sent, "change" once the minutes are known, "delete" if it was certainly not taken.
    """

    change: Literal["insert", "change", "delete"]
    month: str
    """In which it counts, such as "2026-11"."""
    minutes: int


@dataclass(frozen=True, slots=True)
class OtherOrder:
    """An order, sent or about to be sent by another job, for the same audio and model."""

    job: str
    state: State
    checkpoint: str
    """The other job's checkpoint, as JSON."""


Admit = Callable[[int, Sequence[OtherOrder]], None]
"""Given the minutes billed this month and the other orders for this audio; raises where no order may be sent."""


class CloudNotes:
    """Checkpoints and bills, which decide about money. Every method raises `StorageError` where the disk fails."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def checkpoint(self, job_id: str) -> str:
        """Return a job's checkpoint as it was last saved; "" before anything was."""
        return str(self._database.rows("load_checkpoint", {"id": job_id})[0]["checkpoint"])

    def save(
        self, job_id: str, checkpoint: str, bill: Bill | None = None, admit: Admit = lambda _minutes, _orders: None
    ) -> None:
        """Save a job's checkpoint and, in the same commit, what becomes of its bill.

        `admit` is called before a new order is noted; where it raises, nothing is saved. Transactions are serial, also
        between processes: of two jobs that are about to order the same audio, the second sees the first.
        """
        with self._database.transaction():
            self._database.run("save_checkpoint", {"id": job_id, "checkpoint": checkpoint})
            if bill is not None:
                if bill.change == "insert":
                    admit(self.billed_minutes(bill.month), self.other_orders(job_id))
                values = {"id": job_id, "now": self._clock(), "month": bill.month, "minutes": bill.minutes}
                self._database.run(f"{bill.change}_bill", values)
                self._database.run("sum_bills", {"id": job_id})

    def note_content(self, job_id: str, content_hash: str) -> None:
        """Save the hash of a job's decoded samples."""
        self._database.run("note_content", {"id": job_id, "content_hash": content_hash})

    def other_orders(self, job_id: str) -> list[OtherOrder]:
        """Return the orders of other jobs for this job's audio and model: those with a known task first, newest first.

        The audio is the same if the file or the decoded samples are. The state of the other job does not matter.
        """
        rows = self._database.rows("other_orders", {"id": job_id})
        with readable():
            return [OtherOrder(row["id"], State(row["state"]), row["checkpoint"]) for row in rows]

    def left_published(self) -> list[tuple[str, str]]:
        """Return the id and the upload's handle of each cancelled or delivered job that has one, oldest first."""
        return [(row["id"], row["handle"]) for row in self._database.rows("left_published")]

    def disown(self, job_id: str, handle: str) -> bool:
        """Forget a job's published upload; False, and nothing changed, where the job needs it again by now.

        A job that is retried later publishes anew, so nothing that the cloud still has to fetch is withdrawn.
        """
        return self._database.run("disown", {"id": job_id, "handle": handle}) == 1

    def billed_minutes(self, month: str) -> int:
        """Return the started minutes of all orders of a month, those without an outcome included."""
        return int(self._database.rows("billed_in", {"month": month})[0]["minutes"])
