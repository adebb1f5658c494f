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
from bridge.server.tables.opening import DATABASE_NAME, Books, open_books
from bridge.server.tables.tasks import MOST_ATTEMPTS, Order, Task, TaskState

T = TypeVar("T")
ORDER = CreateRequest(501, "https://example.com/mix.wav")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = open_books(tmp_path, clock=lambda: 1000.0)
    books.keys.create("anna")
    yield books
    books.database.close()


def anna(books: Books, minutes: int = 0) -> Key:
    if minutes:
        books.keys.credit("anna", minutes)
    return books.keys.named("anna")


def claimed(books: Books) -> Task:
    task = books.tasks.claim()
    assert task is not None
    return task


def standing(books: Books) -> tuple[int, int]:
    balance = books.ledger.balance(books.keys.named("anna").number)
    return balance.available, balance.reserved


def test_a_task_holds_a_minute_then_what_it_costs_and_is_charged_when_it_succeeds(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    assert standing(books) == (9, 1)
    task = claimed(books)
    books.tasks.measured(task, 190.0, 4)
    assert standing(books) == (6, 4)
    assert books.tasks.succeed(task, ["vocals"])
    assert standing(books) == (6, 0)
    assert books.keys.usage()[0].spent == 4


def test_a_failed_task_costs_nothing(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    task = claimed(books)
    books.tasks.measured(task, 190.0, 4)
    assert books.tasks.fail(task, "It broke.")
    assert standing(books) == (10, 0)


def test_a_task_ends_once_whatever_is_said_afterwards(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    task = claimed(books)
    assert books.tasks.succeed(task, ["vocals"])
    assert not books.tasks.succeed(task, ["vocals"])
    assert not books.tasks.fail(task, "late")
    assert standing(books) == (9, 0)
    found = books.tasks.get(task.id)
    assert found is not None
    assert (found.state, found.error) == (TaskState.SUCCESS, "")


def test_a_task_that_turns_out_too_long_for_the_credit_is_refused_and_holds_what_it_held(books: Books) -> None:
    books.tasks.create(Order(anna(books, 3).number, ORDER))
    task = claimed(books)
    with pytest.raises(Refused) as caught:
        books.tasks.measured(task, 200.0, 4)
    assert caught.value.answer == Code.INSUFFICIENT_CREDIT
    assert standing(books) == (2, 1)


def test_a_task_begun_again_is_not_held_for_twice(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    books.tasks.measured(claimed(books), 190.0, 4)
    assert books.tasks.recover() == []
    again = claimed(books)
    assert again.attempt == 2
    books.tasks.measured(again, 190.0, 4)
    assert standing(books) == (6, 4)


def test_an_input_that_grew_between_two_attempts_is_refused(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    books.tasks.measured(claimed(books), 190.0, 4)
    books.tasks.recover()
    with pytest.raises(Refused, match="changed") as caught:
        books.tasks.measured(claimed(books), 400.0, 7)
    assert caught.value.answer == BAD_REQUEST


def test_a_task_that_always_takes_the_server_down_is_given_up_for_nothing(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    for _ in range(MOST_ATTEMPTS - 1):
        claimed(books)
        assert books.tasks.recover() == []
    last = claimed(books)
    assert [task.id for task in books.tasks.recover()] == [last.id]
    assert standing(books) == (10, 0)


def test_a_stop_in_good_order_is_no_attempt(books: Books) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    for _ in range(MOST_ATTEMPTS + 2):
        task = claimed(books)
        assert task.attempt == 1
        books.tasks.put_back(task)


@pytest.mark.parametrize("minutes", [0, -11, 10**10])
def test_credit_that_makes_no_sense_is_refused(books: Books, minutes: int) -> None:
    anna(books, 10)
    with pytest.raises(UsageError):
        books.keys.credit("anna", minutes)
    assert standing(books) == (10, 0)


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
def test_the_database_itself_refuses_what_must_not_happen(books: Books, tmp_path: Path, statement: str) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()
    assert standing(books) == (9, 1)


@pytest.mark.parametrize("kind", ["settle", "release", "extend"])
def test_the_database_refuses_any_movement_after_the_end(books: Books, kind: str) -> None:
    books.tasks.create(Order(anna(books, 10).number, ORDER))
    task = claimed(books)
    books.tasks.succeed(task, [])
    minutes = {"settle": 0, "release": 1, "extend": -1}[kind]
    with pytest.raises(StoreError):
        books.database.run("book", {"key": task.key, "task": task.id, "kind": kind, "minutes": minutes, "now": 0})


def test_under_any_concurrency_no_more_is_spent_than_there_is(books: Books, tmp_path: Path) -> None:
    key = anna(books, 7)
    other = open_books(tmp_path)  # as another process would
    barrier = threading.Barrier(16)

    def order(number: int) -> bool:
        barrier.wait()
        try:
            (books if number % 2 else other).tasks.create(Order(key.number, ORDER))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(order, range(16))) == 7
    assert standing(books) == (0, 7)
    other.database.close()


def test_two_workers_never_take_the_same_task(books: Books, tmp_path: Path) -> None:
    key = anna(books, 50)
    made = {books.tasks.create(Order(key.number, ORDER)) for _ in range(50)}
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: claimed(books).id, range(50)))
    assert set(taken) == made
    assert books.tasks.claim() is None


class Money(RuleBasedStateMachine):
    """Whatever happens in whatever order: the ledger says what a simple model says, and never less than nothing."""

    tasks = Bundle("tasks")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(self.make_folder())
        self.books = open_books(self.folder)
        self.books.keys.create("anna")
        self.credited = self.spent = 0
        self.held: dict[str, int] = {}

    make_folder: Callable[[], str]

    @rule(minutes=st.integers(1, 20))
    def credit(self, minutes: int) -> None:
        self.books.keys.credit("anna", minutes)
        self.credited += minutes

    @rule(minutes=st.integers(1, 20))
    def take_back(self, minutes: int) -> None:
        if minutes <= self.available:
            self.books.keys.credit("anna", -minutes)
            self.credited -= minutes
        else:
            with pytest.raises(UsageError):
                self.books.keys.credit("anna", -minutes)

    @rule(target=tasks, idempotency=st.sampled_from([None, None, "a", "b"]))
    def create(self, idempotency: str | None) -> str:
        known = self.known.get(idempotency) if idempotency else None
        if known is None and self.available < 1:
            with pytest.raises(Refused):
                self.books.tasks.create(Order(self.books.keys.named("anna").number, ORDER, idempotency))
            return ""
        task = self.books.tasks.create(Order(self.books.keys.named("anna").number, ORDER, idempotency))
        if known is None:
            self.held[task] = 1
        else:
            assert task == known
        if idempotency:
            self.known[idempotency] = task
        return task

    @rule(task=tasks, minutes=st.integers(1, 9))
    def measure(self, task: str, minutes: int) -> None:
        found = self.books.tasks.get(task)
        if found is None or found.state is not TaskState.WORKING or found.duration is not None:
            return
        more = minutes - self.held[task]
        if more > self.available:
            with pytest.raises(Refused):
                self.books.tasks.measured(found, minutes * 60.0, minutes)
        else:
            self.books.tasks.measured(found, minutes * 60.0, minutes)
            self.held[task] = max(self.held[task], minutes)

    @rule()
    def claim(self) -> None:
        self.books.tasks.claim()

    @rule(task=tasks, success=st.booleans())
    def end(self, task: str, success: bool) -> None:
        found = self.books.tasks.get(task)
        if found is None:
            return
        ended = self.books.tasks.succeed(found, ["x"]) if success else self.books.tasks.fail(found, "x")
        assert ended == (task in self.held)
        held = self.held.pop(task, 0)
        self.spent += held if success else 0

    @rule()
    def crash(self) -> None:
        self.books.database.close()
        self.books = open_books(self.folder)
        for task in self.books.tasks.recover():
            self.held.pop(task.id)

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not hasattr(self, "books"):
            return
        balance = self.books.ledger.balance(self.books.keys.named("anna").number)
        assert (balance.available, balance.reserved) == (self.available, sum(self.held.values()))
        assert balance.available >= 0
        assert self.books.keys.usage()[0].spent == self.spent

    @property
    def known(self) -> dict[str, str]:
        self.__dict__.setdefault("_known", {})
        found: dict[str, str] = self.__dict__["_known"]
        return found

    @property
    def available(self) -> int:
        return self.credited - self.spent - sum(self.held.values())

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.books.database.close()


@pytest.mark.slow
def test_money_never_goes_wrong_in_any_order_of_things(tmp_path_factory: pytest.TempPathFactory) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Money.make_folder = staticmethod(lambda: str(tmp_path_factory.mktemp("money")))
    limits = settings(
        max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Money, settings=limits)
