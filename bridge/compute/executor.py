"""A child process for the heavy work, behind the interface of `concurrent.futures.Executor`.

Why not `ProcessPoolExecutor`: a cancelled step must end within a second, whatever native code it runs, and its memory
must be freed. That means killing its process, which a process pool does not survive.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Executor, Future
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from bridge.errors import EngineFailed

P = ParamSpec("P")
T = TypeVar("T")
_Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]

LINGER_S = 20.0
"""How long a process without work stays, warm for the next bounce, before it gives its memory back."""

_starting = threading.Lock()
"""Held while a process is started: `multiprocessing` keeps account of its children in plain global variables."""


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
        self._queue: deque[tuple[_LocalFuture[Any], _Call]] = deque()
        self._idle: list[_Child] = []
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

    def _take(self) -> tuple[_LocalFuture[Any], _Call] | None:
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

    def _run(self, future: _LocalFuture[Any], call: _Call) -> tuple[Any, BaseException | None]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        try:
            child = child or _Child()
        except OSError as error:
            with self._lock:
                self._running.discard(future)
            return None, _not_started(error)
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
        self.child: _Child | None = None
        self._child_lock = lock
        self._killed = False

    def attach(self, child: _Child) -> None:
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


class _Child:
    """One child process, waiting for calls on a pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve_calls, args=(theirs,), name="stembridge-compute")
        with _starting, _ctrl_c_blocked():
            self._process.start()
        theirs.close()
        self._killed = False

    @property
    def alive(self) -> bool:
        return not self._killed and self._process.is_alive()

    def kill(self) -> None:
        """Kill the child and whatever it has started (ffmpeg)."""
        self._killed = True  # `is_alive` may say yes for a moment longer
        try:
            _kill_group(self._process.pid or 0)
        except OSError:  # its process group does not exist yet, or not any more
            self._process.kill()

    def close(self) -> None:
        self._pipe.close()  # an idle child ends when its pipe does
        self._process.join(2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def call(self, call: _Call) -> tuple[Any, BaseException | None]:
        """Run a call and return its result and None, or None and the error it ended with."""
        try:
            self._pipe.send(call)
            wait([self._pipe, self._process.sentinel])
            if self._pipe.poll():
                answer: tuple[Any, BaseException | None] = self._pipe.recv()
                return answer
        except (EOFError, OSError):
            pass  # the child died: see below
        except Exception as error:
            # Pickle may raise anything, for example after an update of the program files; the caller must not hang.
            self.kill()
            self._process.join()
            return None, EngineFailed(
                f"The answer of the compute process cannot be read: {type(error).__name__}: {error}",
                code="engine.answer",
                advice="If Stembridge was updated while it ran, start it again; then retry the job.",
            )
        self._process.join()
        return None, EngineFailed(
            f"The compute process ended unexpectedly ({_how(self._process.exitcode)}).",
            code="engine.died",
            advice="If it was out of memory, close some programs; then retry the job.",
        )


def _not_started(error: OSError) -> EngineFailed:
    return EngineFailed(
        f"The compute process could not be started: {error.strerror or error}.",
        code="engine.died",
        advice="Close some programs; then retry the job.",
    )


@contextlib.contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Block SIGINT while a child starts: it inherits that, and so misses no time in which Ctrl-C would end it."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # the first start would do this, and unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"killed by {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"


def _serve_calls(pipe: Connection) -> None:
    """The main function of a child: answer calls until the pipe closes or the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which then ends its children
    if sys.platform != "win32":
        os.setpgid(0, 0)
    _lower_priority()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            call = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_answer(*call))
        del call


def _answer(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, BaseException | None]:
    # Nothing of this outlives the answer: an error holds the frames it came through, and their arrays, in memory.
    try:
        return fn(*args, **kwargs), None
    except Exception as error:  # whatever it is, the caller in the other process gets it
        return None, error


def _end_with_parent() -> None:
    # After a kill -9 of the daemon, a child must not write any more: the next daemon starts another one.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        _kill_group(os.getpid())


def _kill_group(leader: int) -> None:
    if sys.platform == "win32":
        os.kill(leader, signal.SIGTERM)  # TerminateProcess; an ffmpeg it has started ends when its pipe closes
    else:
        os.killpg(leader, signal.SIGKILL)


def _lower_priority() -> None:
    """Run below normal priority: the DAW may be playing."""
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x00004000
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), below_normal)
    else:
        os.nice(5)
