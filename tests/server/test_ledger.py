from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bridge.errors import StoreError, UsageError
from bridge.protocol.codes import BAD_REQUEST, Code
from bridge.protocol.messages import CreateRequest
from bridge.server.refused import Refused
from bridge.server.tables.keys import Key
from bridge.server.tables.opening import DATABASE_NAME, Tables, open_tables
from bridge.server.tables.tasks import MOST_ATTEMPTS, Order, Task, TaskState

T = TypeVar("T")
ORDER = CreateRequest(501, "https://example.com/mix.wav")


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    tables = open_tables(tmp_path, clock=lambda: 1000.0)
    tables.keys.create("anna")
    yield tables
    tables.database.close()


def anna(tables: Tables, minutes: int = 0) -> Key:
    if minutes:
        tables.keys.credit("anna", minutes)
    return tables.keys.named("anna")


def claimed(tables: Tables) -> Task:
    task = tables.tasks.claim()
    assert task is not None
    return task


def standing(tables: Tables) -> tuple[int, int]:
    balance = tables.ledger.balance(tables.keys.named("anna").number)
    return balance.available, balance.reserved


def test_a_task_holds_a_minute_then_what_it_costs_and_is_charged_when_it_succeeds(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    assert standing(tables) == (9, 1)
    task = claimed(tables)
    tables.tasks.measured(task, 190.0, 4)
    assert standing(tables) == (6, 4)
    assert tables.tasks.succeed(task, ["vocals"])
    assert standing(tables) == (6, 0)
    assert tables.keys.usage()[0].spent == 4


def test_a_failed_task_costs_nothing(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    task = claimed(tables)
    tables.tasks.measured(task, 190.0, 4)
    assert tables.tasks.fail(task, "It broke.")
    assert standing(tables) == (10, 0)


def test_a_task_ends_once_whatever_is_said_afterwards(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    task = claimed(tables)
    assert tables.tasks.succeed(task, ["vocals"])
    assert not tables.tasks.succeed(task, ["vocals"])
    assert not tables.tasks.fail(task, "late")
    assert standing(tables) == (9, 0)
    found = tables.tasks.get(task.id)
    assert found is not None
    assert (found.state, found.error) == (TaskState.SUCCESS, "")


def test_a_task_that_turns_out_too_long_for_the_credit_is_refused_and_holds_what_it_held(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 3).number, ORDER))
    task = claimed(tables)
    with pytest.raises(Refused) as caught:
        tables.tasks.measured(task, 200.0, 4)
    assert caught.value.answer == Code.INSUFFICIENT_CREDIT
    assert standing(tables) == (2, 1)


def test_a_task_begun_again_is_not_held_for_twice(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    tables.tasks.measured(claimed(tables), 190.0, 4)
    assert tables.tasks.recover() == []
    again = claimed(tables)
    assert again.attempt == 2
    tables.tasks.measured(again, 190.0, 4)
    assert standing(tables) == (6, 4)


def test_an_input_that_grew_between_two_attempts_is_refused(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    tables.tasks.measured(claimed(tables), 190.0, 4)
    tables.tasks.recover()
    with pytest.raises(Refused, match="changed") as caught:
        tables.tasks.measured(claimed(tables), 400.0, 7)
    assert caught.value.answer == BAD_REQUEST


def test_a_task_that_always_takes_the_server_down_is_given_up_for_nothing(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    for _ in range(MOST_ATTEMPTS - 1):
        claimed(tables)
        assert tables.tasks.recover() == []
    last = claimed(tables)
    assert [task.id for task in tables.tasks.recover()] == [last.id]
    assert standing(tables) == (10, 0)


def test_a_stop_in_good_order_is_no_attempt(tables: Tables) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    for _ in range(MOST_ATTEMPTS + 2):
        task = claimed(tables)
        assert task.attempt == 1
        tables.tasks.put_back(task)


@pytest.mark.parametrize("minutes", [0, -11, 10**10])
def test_credit_that_makes_no_sense_is_refused(tables: Tables, minutes: int) -> None:
    anna(tables, 10)
    with pytest.raises(UsageError):
        tables.keys.credit("anna", minutes)
    assert standing(tables) == (10, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keys SET balance = -1",
        "UPDATE ledger SET minutes = minutes + 1",
        "DELETE FROM ledger",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, id, 'reserve', -1, 0 FROM tasks",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, id, 'reserve', 5, 0 FROM tasks",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, id, 'release', 5, 0 FROM tasks",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, id, 'extend', -100, 0 FROM tasks",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, NULL, 'credit', -100, 0 FROM tasks",
        "INSERT INTO ledger (key, task, kind, minutes, at) SELECT key, NULL, 'settle', 0, 0 FROM tasks",
    ],
)
def test_the_database_itself_refuses_what_must_not_happen(tables: Tables, tmp_path: Path, statement: str) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()
    assert standing(tables) == (9, 1)


@pytest.mark.parametrize("kind", ["settle", "release", "extend"])
def test_the_database_refuses_any_movement_after_the_end(tables: Tables, kind: str) -> None:
    tables.tasks.create(Order(anna(tables, 10).number, ORDER))
    task = claimed(tables)
    tables.tasks.succeed(task, [])
    minutes = {"settle": 0, "release": 1, "extend": -1}[kind]
    with pytest.raises(StoreError):
        tables.database.run("book", {"key": task.key, "task": task.id, "kind": kind, "minutes": minutes, "now": 0})


def test_under_any_concurrency_no_more_is_spent_than_there_is(tables: Tables, tmp_path: Path) -> None:
    key = anna(tables, 7)
    other = open_tables(tmp_path)  # as another process would
    barrier = threading.Barrier(16)

    def order(number: int) -> bool:
        barrier.wait()
        try:
            (tables if number % 2 else other).tasks.create(Order(key.number, ORDER))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(order, range(16))) == 7
    assert standing(tables) == (0, 7)
    other.database.close()


def test_two_workers_never_take_the_same_task(tables: Tables, tmp_path: Path) -> None:
    key = anna(tables, 50)
    made = {tables.tasks.create(Order(key.number, ORDER)) for _ in range(50)}
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: claimed(tables).id, range(50)))
    assert set(taken) == made
    assert tables.tasks.claim() is None


class Money(RuleBasedStateMachine):
    """Whatever happens in whatever order: the ledger says what a simple model says, and never less than nothing."""

    tasks = Bundle("tasks")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(self.make_folder())
        self.tables = open_tables(self.folder)
        self.tables.keys.create("anna")
        self.credited = self.spent = 0
        self.held: dict[str, int] = {}

    make_folder: Callable[[], str]

    @rule(minutes=st.integers(1, 20))
    def credit(self, minutes: int) -> None:
        self.tables.keys.credit("anna", minutes)
        self.credited += minutes

    @rule(minutes=st.integers(1, 20))
    def take_back(self, minutes: int) -> None:
        if minutes <= self.available:
            self.tables.keys.credit("anna", -minutes)
            self.credited -= minutes
        else:
            with pytest.raises(UsageError):
                self.tables.keys.credit("anna", -minutes)

    @rule(target=tasks, idempotency=st.sampled_from([None, None, "a", "b"]))
    def create(self, idempotency: str | None) -> str:
        known = self.known.get(idempotency) if idempotency else None
        if known is None and self.available < 1:
            with pytest.raises(Refused):
                self.tables.tasks.create(Order(self.tables.keys.named("anna").number, ORDER, idempotency))
            return ""
        task = self.tables.tasks.create(Order(self.tables.keys.named("anna").number, ORDER, idempotency))
        if known is None:
            self.held[task] = 1
        else:
            assert task == known
        if idempotency:
            self.known[idempotency] = task
        return task

    @rule(task=tasks, minutes=st.integers(1, 9))
    def measure(self, task: str, minutes: int) -> None:
        found = self.tables.tasks.get(task)
        if found is None or found.state is not TaskState.WORKING or found.duration is not None:
            return
        more = minutes - self.held[task]
        if more > self.available:
            with pytest.raises(Refused):
                self.tables.tasks.measured(found, minutes * 60.0, minutes)
        else:
            self.tables.tasks.measured(found, minutes * 60.0, minutes)
            self.held[task] = max(self.held[task], minutes)

    @rule()
    def claim(self) -> None:
        self.tables.tasks.claim()

    @rule(task=tasks, success=st.booleans())
    def end(self, task: str, success: bool) -> None:
        found = self.tables.tasks.get(task)
        if found is None:
            return
        ended = self.tables.tasks.succeed(found, ["x"]) if success else self.tables.tasks.fail(found, "x")
        assert ended == (task in self.held)
        held = self.held.pop(task, 0)
        self.spent += held if success else 0

    @rule()
    def crash(self) -> None:
        self.tables.database.close()
        self.tables = open_tables(self.folder)
        for task in self.tables.tasks.recover():
            self.held.pop(task.id)

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not hasattr(self, "tables"):
            return
        balance = self.tables.ledger.balance(self.tables.keys.named("anna").number)
        assert (balance.available, balance.reserved) == (self.available, sum(self.held.values()))
        assert balance.available >= 0
        assert self.tables.keys.usage()[0].spent == self.spent

    @property
    def known(self) -> dict[str, str]:
        self.__dict__.setdefault("_known", {})
        found: dict[str, str] = self.__dict__["_known"]
        return found

    @property
    def available(self) -> int:
        return self.credited - self.spent - sum(self.held.values())

    def teardown(self) -> None:
        if hasattr(self, "tables"):
            self.tables.database.close()


@pytest.mark.slow
def test_money_never_goes_wrong_in_any_order_of_things(tmp_path_factory: pytest.TempPathFactory) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Money.make_folder = staticmethod(lambda: str(tmp_path_factory.mktemp("money")))
    limits = settings(
        max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Money, settings=limits)
