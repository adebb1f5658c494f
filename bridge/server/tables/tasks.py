"""The tasks: what was ordered, by whom, and how it ended. Money moves in the same commit as the state.

    waiting → working → success | failed → expired (its files are gone)

A task that was worked on when the server died waits again. What it holds of the credit stays held all the while.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.database.database import Database
from bridge.protocol.codes import Code
from bridge.protocol.messages import CreateRequest
from bridge.protocol.minutes import started_minutes
from bridge.server.refused import Refused, bad_request
from bridge.server.tables.ledger import Ledger

MINUTES_AT_CREATE = 1
"""Held when a task is created, before anybody knows its length: what the shortest costs."""

MOST_ATTEMPTS = 5
"""A task that takes the server down with it each time is given up."""


class TaskState(StrEnum):
    """How a task stands."""

    WAITING = "waiting"
    WORKING = "working"
    SUCCESS = "success"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Order:
    """What the key of this number asks for. The same `idempotency` once more is the same order once more."""

    key: int
    request: CreateRequest
    idempotency: str | None = None
    upload: str = ""
    """The name of the upload that its `inputurl` gives, where that is one of ours."""


@dataclass(frozen=True, slots=True)
class Task:
    """An order that was accepted."""

    id: str
    """32 hexadecimal digits."""
    key: int
    model: int
    inputurl: str
    state: TaskState
    attempt: int
    duration: float | None
    """Seconds, once the input is decoded."""
    stems: tuple[str, ...]
    error: str


class Tasks:
    """Every task. Threads may share one; another process may look."""

    def __init__(self, database: Database, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    def create(self, order: Order, *, at_once: int = 0) -> str:
        """Accept an order and return its id: the task and what it holds of the credit are one commit.

        With an `idempotency` that its key has sent before, the earlier task is returned and nothing is held; for
        another order that is refused. `at_once` bounds the key's tasks that have not ended; 0 means no bound.
        Raises `Refused` with 100100, 101004 or 100400.
        """
        (outcome,) = self.create_all([order], at_once=at_once)
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    def create_all(self, orders: Iterable[Order], *, at_once: int = 0) -> list[str | Refused]:
        """Accept each order as `create` does, all in one commit."""
        outcomes: list[str | Refused] = []
        with self._database.transaction():
            for order in orders:
                try:
                    outcomes.append(self._create(order, at_once))
                except Refused as refusal:  # before anything was written
                    outcomes.append(refusal)
        return outcomes

    def get(self, task_id: str) -> Task | None:
        """Return a task, None where there is none of this id."""
        rows = self._database.rows("task", {"id": task_id})
        return _task(rows[0]) if rows else None

    def claim(self) -> Task | None:
        """Begin a waiting task; None if there is none.

        Keys take turns: whoever orders a hundred tasks makes another key wait for one of them.
        """
        with self._database.transaction():
            rows = self._database.rows("claim")
            if rows:
                self._database.run("had_turn", {"key": rows[0]["key"]})
        return _task(rows[0]) if rows else None

    def put_back(self, task: Task) -> None:
        """Let a task wait again: the server is stopped in good order."""
        self._database.run("put_back", {"id": task.id, "undone": 1})

    def recover(self) -> list[Task]:
        """Let every task wait again that was worked on when the server died; return those given up instead."""
        given_up = []
        for row in self._database.rows("working"):
            task = _task(row)
            if task.attempt >= MOST_ATTEMPTS:
                self.fail(task, f"The server ended unexpectedly during each of {task.attempt} attempts.")
                given_up.append(task)
            else:
                self._database.run("put_back", {"id": task.id, "undone": 0})
        return given_up

    def measured(self, task: Task, seconds: float, minutes: int) -> None:
        """Note the length of a task's input, and hold what it will cost.

        Raises `Refused` with 100100, or with 100400 for an input that became longer since an earlier attempt.
        """
        if task.duration is not None and minutes > started_minutes(task.duration):
            raise bad_request("The file at inputurl changed while the task waited")
        with self._database.transaction():
            self._ledger.extend(task.key, task.id, minutes)
            self._database.run("set_duration", {"id": task.id, "duration": seconds})

    def succeed(self, task: Task, stems: Sequence[str]) -> bool:
        """End a task whose `stems` are in storage, and charge it. False where it had ended before: nothing happens."""
        with self._database.transaction():
            done = self._end(task, TaskState.SUCCESS, json.dumps(list(stems)), "")
            if done:
                self._ledger.settle(task.key, task.id)
        return done

    def fail(self, task: Task, error: str) -> bool:
        """End a task without a charge. False where it had ended before: nothing happens."""
        with self._database.transaction():
            done = self._end(task, TaskState.FAILED, "", error)
            if done:
                self._ledger.release(task.key, task.id)
        return done

    def ended_before(self, moment: float) -> list[Task]:
        """Return some of the tasks that ended before a moment and still have their files, oldest first."""
        return [_task(row) for row in self._database.rows("ended_before", {"before": moment})]

    def expire(self, task: Task) -> None:
        """Forget a task's files; whoever asks for it now hears that there is no such task."""
        self._database.run("expire_task", {"id": task.id})

    def inputs_to_come(self) -> list[str]:
        """Return the `inputurl` of every task that has not ended."""
        return [row["inputurl"] for row in self._database.rows("inputs_to_come")]

    def counts(self) -> dict[TaskState, int]:
        """Return how many tasks stand in each state that has any."""
        return {TaskState(row["state"]): row["count"] for row in self._database.rows("queue")}

    def _create(self, order: Order, at_once: int) -> str:
        earlier = self._earlier(order)
        if earlier is not None:
            return earlier
        self._require_own_upload(order)
        if at_once and self._database.rows("under_way", {"key": order.key})[0]["count"] >= at_once:
            raise Refused(Code.CONCURRENCY_LIMITED)
        self._ledger.require(order.key, MINUTES_AT_CREATE)
        task_id = secrets.token_hex(16)
        values = {
            "id": task_id,
            "key": order.key,
            "model": order.request.model_type,
            "inputurl": order.request.inputurl,
            "idempotency": order.idempotency,
            "now": self._clock(),
        }
        self._database.run("insert_task", values)
        self._ledger.reserve(order.key, task_id, MINUTES_AT_CREATE)
        return task_id

    def _require_own_upload(self, order: Order) -> None:
        """Raise `Refused` where the input is an upload here that another key made, or that is not there any more."""
        if not order.upload:
            return
        rows = self._database.rows("upload", {"name": order.upload})
        if not rows or rows[0]["key"] != order.key:
            raise bad_request("inputurl names an upload that this key did not make, or that was withdrawn")

    def _earlier(self, order: Order) -> str | None:
        if order.idempotency is None:
            return None
        values = {"key": order.key, "idempotency": order.idempotency}
        rows = self._database.rows("task_of_idempotency", values)
        if not rows:
            return None
        if (rows[0]["model"], rows[0]["inputurl"]) != (order.request.model_type, order.request.inputurl):
            raise bad_request("This Idempotency-Key was sent before, with another request")
        earlier: str = rows[0]["id"]
        return earlier

    def _end(self, task: Task, state: TaskState, stems: str, error: str) -> bool:
        values = {"id": task.id, "state": str(state), "now": self._clock(), "stems": stems, "error": error}
        return self._database.run("end_task", values) == 1


def _task(row: sqlite3.Row) -> Task:
    return Task(
        id=row["id"],
        key=row["key"],
        model=row["model"],
        inputurl=row["inputurl"],
        state=TaskState(row["state"]),
        attempt=row["attempt"],
        duration=row["duration"],
        stems=tuple(json.loads(row["stems"] or "[]")),
        error=row["error"],
    )
