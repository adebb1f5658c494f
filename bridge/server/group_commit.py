"""GroupCommit that come at the same time are committed together.

A durable commit waits for the disk, milliseconds on some; one after the other would be a limit for the whole server,
and on the event loop it would stop everything else too. So while one commit is under way on a thread, the orders that
come meanwhile wait and share the next. Nobody is answered before the commit that holds his order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bridge.server.tables.tasks import Order, Tasks

_Outcome = str | Exception


class GroupCommit:
    """Takes orders on the event loop."""

    def __init__(self, tasks: Tasks, at_once: int) -> None:
        """`at_once` bounds each key's tasks that have not ended; 0 means no bound."""
        self._tasks = tasks
        self._at_once = at_once
        self._waiting: list[tuple[Order, asyncio.Future[str]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def take(self, order: Order) -> str:
        """Return the task of an order, once it is durable. Raises what `Tasks.create` raises."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, answer))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await answer

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await asyncio.to_thread(self._outcomes, [order for order, _ in batch])
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                if answer.cancelled():  # whoever asked has gone; the order stands
                    continue
                if isinstance(outcome, str):
                    answer.set_result(outcome)
                else:
                    answer.set_exception(outcome)
        self._committing = None

    def _outcomes(self, orders: list[Order]) -> Sequence[_Outcome]:
        try:
            return self._tasks.create_all(orders, at_once=self._at_once)
        except Exception as error:  # whatever it is, each of those who wait must hear of it
            return [error] * len(orders)
