"""A child process for the heavy work, behind the interface of `concurrent.futures.Executor`.

Why not `ProcessPoolExecutor`: a cancelled step must end within a second, whatever native code it runs, and its memory
must be freed. That means killing its process, which a process pool does not survive.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from bridge.compute.child import Call, Child, not_started

P = ParamSpec("P")
T = TypeVar("T")

LINGER_S = 20.0
"""How long a process without work stays, warm for the next bounce, before it gives its memory back."""


@runtime_checkable
class HasSlots(Protocol):
    """An executor that says how many calls it runs at once."""

    slots: int


def slots_of(executor: Executor) -> int:
    """Return how many calls the executor runs at once: its `slots`, else 1."""
    return max(1, executor.slots) if isinstance(executor, HasSlots) else 1


class LocalExecutor(Executor):
    """Runs each call in a child process, `slots` of them at once; later calls wait in a queue.

    The futures have a `kill()`, which also ends a call that runs; `cancel()` takes a call out of the queue.
    """

    def __init__(self, slots: int = 1, linger_s: float = LINGER_S) -> None:
        """`linger_s` is how long a child without work is kept, in seconds."""
        self.slots = slots
        self._linger_s = linger_s
        self._lock = threading.Lock()
        self._queue: deque[tuple[_LocalFuture[Any], Call]] = deque()
        self._idle: list[Child] = []
        self._running: set[_LocalFuture[Any]] = set()
        self._threads = 0
        self._retirement: threading.Timer | None = None
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` in a child as soon as a slot is free; arguments, result and errors must be picklable."""
        future: _LocalFuture[T] = _LocalFuture(self._lock)
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if self._threads < self.slots:
                threading.Thread(target=self._serve_queue, name="compute", daemon=True).start()
                self._threads += 1
            self._queue.append((future, (fn, args, kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close: idle children end at once; calls are awaited or, with `cancel_futures`, dropped and killed."""
        with self._lock:
            self._closed = True
            if self._retirement is not None:
                self._retirement.cancel()
            idle, self._idle = self._idle, []
            calls = [*self._running, *(future for future, _ in self._queue)]
        for child in idle:
            child.close()
        for future in calls:
            if cancel_futures and not future.cancel():
                future.kill()
        if wait:
            futures.wait(calls)

    def _serve_queue(self) -> None:
        while (taken := self._take()) is not None:
            future, call = taken
            result, error = self._run(future, call)
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
            del taken, future, call, result, error  # may be large, and this thread may wait for long

    def _take(self) -> tuple[_LocalFuture[Any], Call] | None:
        """Return the next call, now running; None, and count the thread as gone, where there is none."""
        with self._lock:
            while self._queue:
                future, call = self._queue.popleft()
                if future.set_running_or_notify_cancel():
                    self._running.add(future)
                    if self._retirement is not None:
                        self._retirement.cancel()
                    return future, call
            self._threads -= 1
            return None

    def _run(self, future: _LocalFuture[Any], call: Call) -> tuple[Any, BaseException | None]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        try:
            child = child or Child()
        except OSError as error:
            with self._lock:
                self._running.discard(future)
            return None, not_started(error)
        future.attach(child)
        answer = child.call(call)
        with self._lock:
            self._running.discard(future)
            future.child = None  # from now on the child may run another call, which a late kill must not end
            keep = child.alive and not self._closed
            if keep:
                self._idle.append(child)
                if self._retirement is not None:
                    self._retirement.cancel()
                self._retirement = threading.Timer(self._linger_s, self._retire)
                self._retirement.daemon = True
                self._retirement.start()
        if not keep:
            child.close()
        return answer

    def _retire(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()


class _LocalFuture(Future[T]):
    """A future whose call can be killed while it runs; it then ends with `EngineFailed`."""

    def __init__(self, lock: threading.Lock) -> None:
        """`lock` guards `child`."""
        super().__init__()
        self.child: Child | None = None
        self._child_lock = lock
        self._killed = False

    def attach(self, child: Child) -> None:
        """Note which child runs the call; kill it if that was asked for before it had started."""
        with self._child_lock:
            self.child = child
            if self._killed:
                child.kill()

    def kill(self) -> None:
        """Kill the process that runs the call, and whatever it has started. Does nothing after its end."""
        with self._child_lock:
            self._killed = True
            if self.child is not None:
                self.child.kill()
