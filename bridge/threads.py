"""Worker threads: one that sleeps until it is woken, and several that empty one queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from bridge.errors import NoMoreThreads

T = TypeVar("T")


def start_all(threads: Iterable[threading.Thread]) -> None:
    """Start threads; raises `NoMoreThreads` where the system has none left. Those that started go on."""
    for thread in threads:
        try:
            thread.start()
        except RuntimeError as error:
            if thread.ident is not None:
                raise  # started twice: a mistake of ours
            raise NoMoreThreads(f"The system does not give Stembridge another thread ({thread.name}).") from error


class WakingThread:
    """One thread that does its work, then sleeps until `wake`; a wake during the work makes it work once more."""

    def __init__(self, name: str, work: Callable[[], None], *, daemon: bool = False) -> None:
        """`work` must not raise, and returns soon once `stopping` is set. `daemon`: the process may end before it."""
        self._work = work
        self._woken = threading.Event()
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=daemon)

    def start(self) -> None:
        """Begin. Raises `NoMoreThreads`."""
        start_all([self._thread])

    def wake(self) -> None:
        """Have the work done now. May be called from any thread."""
        self._woken.set()

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting."""
        self.stopping.set()
        self._woken.set()

    def stop(self, wait_s: float | None = None) -> None:
        """Stop, and wait for the work at hand: `wait_s` at most, None for as long as it takes."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _run(self) -> None:
        while True:
            # Cleared before the work: a wake that comes during it is not lost.
            self._woken.clear()
            if self.stopping.is_set():
                return
            self._work()
            self._woken.wait()


class WorkerThreads(Generic[T]):
    """A queue, and threads that empty it. They are daemon threads: work that hangs does not keep the process up."""

    def __init__(self, name: str, count: int, work: Callable[[T], None], capacity: int = 0) -> None:
        """`work` must not raise. At most `capacity` items wait; 0 means any number."""
        self._work = work
        self._queue: queue.Queue[T | None] = queue.Queue(capacity)
        self.stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(1, count + 1)
        ]

    def start(self) -> None:
        """Begin to work. Raises `NoMoreThreads`."""
        start_all(self._threads)

    def submit(self, item: T) -> bool:
        """Queue an item; False, and not queued, where `capacity` items wait."""
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            return False
        return True

    def stop(self, wait_s: float = 0.0) -> None:
        """Begin nothing more, and wait at most `wait_s` for each thread's work at hand."""
        self.stopping.set()
        for _ in self._threads:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                break  # a thread that takes an item looks at `stopping` first
        for thread in self._threads:
            if wait_s and thread.is_alive():
                thread.join(wait_s)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None and not self.stopping.is_set():
            self._work(item)
