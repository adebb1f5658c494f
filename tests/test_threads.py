"""A thread that sleeps until it is woken, threads that empty a queue, and a system that has no thread left."""

from __future__ import annotations

import queue
import threading

import pytest

from bridge.errors import NoMoreThreads
from bridge.threads import WakingThread, WorkerThreads


def test_a_wake_during_the_work_makes_it_work_once_more() -> None:
    began, go = queue.SimpleQueue[int](), queue.SimpleQueue[int]()

    def work() -> None:
        began.put(1)
        go.get(timeout=30)

    thread = WakingThread("test", work)
    thread.start()
    began.get(timeout=30)
    thread.wake()
    go.put(1)
    began.get(timeout=30)
    go.put(1)
    thread.stop()
    assert began.empty(), "one wake is worked off once"


def test_a_stop_ends_a_thread_that_sleeps_and_one_that_never_began() -> None:
    thread = WakingThread("test", lambda: None)
    thread.stop()
    thread = WakingThread("test", lambda: None)
    thread.start()
    thread.stop()
    assert all(each.name != "test" for each in threading.enumerate())


def test_no_more_items_wait_than_were_agreed() -> None:
    began, go, done = threading.Event(), threading.Event(), queue.SimpleQueue[int]()

    def work(item: int) -> None:
        began.set()
        go.wait(30)
        done.put(item)

    threads = WorkerThreads("test", 1, work, capacity=1)
    threads.start()
    assert threads.submit(1)
    began.wait(30)
    assert (threads.submit(2), threads.submit(3)) == (True, False)
    go.set()
    assert [done.get(timeout=30), done.get(timeout=30)] == [1, 2]
    threads.stop(30)


def test_a_system_without_a_thread_left_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    several = WorkerThreads[int]("several", 2, lambda item: None)
    for start in (WakingThread("alone", lambda: None).start, several.start):
        with pytest.raises(NoMoreThreads, match="another thread") as raised:
            start()
        assert (raised.value.code, "ulimit" in raised.value.advice) == ("system.threads", True)
