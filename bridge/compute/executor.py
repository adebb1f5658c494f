"""A process of its own for the heavy work, behind the `concurrent.futures.Executor` seam.

Why not `ProcessPoolExecutor`: a running step must be stoppable within a second, whatever native code it is in, and its
memory must come back. That means killing its process, which breaks a whole pool for good and needs its private parts.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, ParamSpec, TypeVar

from bridge.errors import EngineFailed

P = ParamSpec("P")
T = TypeVar("T")

LINGER_S = 20.0
"""How long a process without work stays, warm for the next bounce, before it gives its memory back."""


class LocalExecutor(Executor):
    """Runs each call in a child process; `Future.cancel()` kills the process that runs it."""

    def __init__(self, linger_s: float = LINGER_S) -> None:
        self._linger_s = linger_s
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._running: set[_Running[Any]] = set()
        self._retirement: threading.Timer | None = None
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `fn` in a child; arguments, result and errors must be picklable."""
        future: _Running[T] = _Running(self._lock)
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if self._retirement is not None:
                self._retirement.cancel()
            child = self._idle.pop() if self._idle else _Child()
            future.child = child
            self._running.add(future)
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._serve, args=(future, (fn, args, kwargs)), name="compute", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close: idle children go at once, running ones are awaited or, if asked, killed."""
        with self._lock:
            self._closed = True
            if self._retirement is not None:
                self._retirement.cancel()
            idle, self._idle = self._idle, []
            running = list(self._running)
        for child in idle:
            child.close()
        for future in running:
            if cancel_futures:
                future.cancel()
            if wait:
                with contextlib.suppress(Exception):  # the caller of submit() hears of it, not the caller of shutdown()
                    future.exception()

    def _serve(self, future: _Running[Any], call: tuple[Any, ...]) -> None:
        child = future.child
        assert child is not None
        result, error = child.call(call)
        with self._lock:
            self._running.discard(future)
            future.child = None  # from here on the child may run another's call, which a late cancel must not kill
            keep = child.alive and not self._closed
            if keep:
                self._idle.append(child)
                self._retirement = threading.Timer(self._linger_s, self._retire)
                self._retirement.daemon = True
                self._retirement.start()
        if not keep:
            child.close()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def _retire(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()


class _Running(Future[T]):
    """A future whose `cancel()` also works while it runs; the result is then an `EngineFailed`."""

    child: _Child | None = None

    def __init__(self, lock: threading.Lock) -> None:
        """`lock` guards `child`."""
        super().__init__()
        self._child_lock = lock

    def cancel(self) -> bool:
        with self._child_lock:
            if self.child is not None:
                self.child.kill()
                return True
        return super().cancel()


class _Child:
    """One child process, waiting for calls on a pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve_calls, args=(theirs,), name="stembridge-compute")
        with _deaf_to_ctrl_c():
            self._process.start()
        theirs.close()
        self._killed = False

    @property
    def alive(self) -> bool:
        return not self._killed and self._process.is_alive()

    def kill(self) -> None:
        """Kill the child and whatever it has started (ffmpeg)."""
        self._killed = True  # it may look alive for a moment longer
        try:
            _kill_group(self._process.pid or 0)
        except OSError:  # it has not made its group yet, or is gone
            self._process.kill()

    def close(self) -> None:
        self._pipe.close()  # an idle child ends when its pipe does
        self._process.join(2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def call(self, call: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
        """Run a call and return its result, or the error it ended with."""
        try:
            self._pipe.send(call)
            wait([self._pipe, self._process.sentinel])
            if self._pipe.poll():
                answer: tuple[Any, BaseException | None] = self._pipe.recv()
                return answer
        except (EOFError, OSError):
            pass  # the child died: told below
        except Exception as error:
            # Pickle raises anything, where code was replaced under a running bridge: then nobody may wait for ever.
            self.kill()
            self._process.join()
            return None, EngineFailed(
                f"The process that did the work cannot be understood: {type(error).__name__}: {error}",
                code="engine.answer",
                advice="If Stembridge was updated while it ran, start it again; then retry the job.",
            )
        self._process.join()
        return None, EngineFailed(
            f"The process that did the work ended unexpectedly ({_how(self._process.exitcode)}).",
            code="engine.died",
            advice="If it was out of memory, close some programs; then retry the job.",
        )


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let a child that is started here hear no Ctrl-C before it can ignore it: what is blocked stays so in a child."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # which the first start would do, and it unblocks the signal for good
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
    """Be the child: answer calls until the pipe closes or the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which decides what becomes of its children
    if sys.platform != "win32":
        os.setpgid(0, 0)
    _yield_to_the_daw()
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    while True:
        try:
            fn, args, kwargs = pipe.recv()
        except (EOFError, OSError):
            return
        answer: tuple[Any, BaseException | None]
        try:
            answer = (fn(*args, **kwargs), None)
        except Exception as error:  # whatever it is belongs to the caller, in the other process
            answer = (None, error)
        pipe.send(answer)


def _die_with_the_parent() -> None:
    # After a kill -9 of the daemon, a child must not go on writing beside the one that its successor starts.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        _kill_group(os.getpid())


def _kill_group(leader: int) -> None:
    if sys.platform == "win32":
        os.kill(leader, signal.SIGTERM)  # TerminateProcess; what it has started ends at its closed pipe
    else:
        os.killpg(leader, signal.SIGKILL)


def _yield_to_the_daw() -> None:
    """Run below normal priority: the DAW may be playing."""
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x00004000
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), below_normal)
    else:
        os.nice(5)
