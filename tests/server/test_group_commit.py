from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import StoreError
from bridge.protocol.codes import Code
from bridge.protocol.messages import CreateRequest
from bridge.server.group_commit import GroupCommit
from bridge.server.refused import Refused
from bridge.server.tables.opening import Tables, open_tables
from bridge.server.tables.tasks import Order

REQUEST = CreateRequest(501, "https://example.com/mix.wav")


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    tables = open_tables(tmp_path)
    tables.keys.create("anna")
    tables.keys.credit("anna", 5)
    yield tables
    tables.database.close()


def take(tables: Tables, *orders: Order, at_once: int = 0) -> list[str | BaseException]:
    async def together() -> list[str | BaseException]:
        desk = GroupCommit(tables.tasks, at_once)
        return await asyncio.gather(*(desk.take(order) for order in orders), return_exceptions=True)

    return asyncio.run(together())


def test_each_of_those_who_come_together_gets_an_answer_of_his_own(tables: Tables) -> None:
    number = tables.keys.named("anna").number
    one, two = Order(number, REQUEST, "one"), Order(number, REQUEST, "two")
    other = Order(number, CreateRequest(350, REQUEST.inputurl), "one")
    answers = take(tables, one, two, one, other)
    assert answers[0] == answers[2] != answers[1]
    assert isinstance(answers[3], Refused)
    assert tables.ledger.balance(number).reserved == 2


def test_together_no_more_is_ordered_than_there_is_credit_or_room_for(tables: Tables) -> None:
    number = tables.keys.named("anna").number
    some = [Order(number, REQUEST)] * 8
    refused = [answer.answer for answer in take(tables, *some, at_once=3) if isinstance(answer, Refused)]
    assert refused == [Code.CONCURRENCY_LIMITED] * 5
    refused = [answer.answer for answer in take(tables, *some) if isinstance(answer, Refused)]
    assert refused == [Code.INSUFFICIENT_CREDIT] * 6
    assert tables.ledger.balance(number).available == 0


def test_whoever_goes_away_does_not_take_the_others_with_him(tables: Tables) -> None:
    order = Order(tables.keys.named("anna").number, REQUEST)

    async def one_goes() -> str:
        desk = GroupCommit(tables.tasks, 0)
        impatient, patient = asyncio.create_task(desk.take(order)), asyncio.create_task(desk.take(order))
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.wait_for(patient, 20)

    assert tables.tasks.get(asyncio.run(one_goes())) is not None


def test_trouble_is_told_to_all_and_the_next_are_served(tables: Tables) -> None:
    order = Order(tables.keys.named("anna").number, REQUEST)
    unknown = Order(999, REQUEST)
    answers = take(tables, order, unknown)
    assert isinstance(answers[0], BaseException)
    assert isinstance(answers[1], BaseException)
    assert tables.ledger.balance(order.key).reserved == 0
    assert isinstance(take(tables, order)[0], str)


def test_a_broken_database_is_told(tables: Tables) -> None:
    tables.database._connection.execute("DROP TABLE tasks")
    assert isinstance(take(tables, Order(1, REQUEST))[0], StoreError)
