"""The process that does the heavy work: it answers calls on a pipe until the pipe closes or its parent dies."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from bridge.errors import EngineFailed

Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
"""A function, its arguments and its keyword arguments; all of them picklable."""

_starting = threading.Lock()
"""Held while a process is started: `multiprocessing` keeps account of its children in plain global variables."""


class Child:
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
        """Whether it can take another call."""
        return not self._killed and self._process.is_alive()

    def kill(self) -> None:
        """Kill the child and whatever it has started (ffmpeg)."""
        self._killed = True  # `is_alive` may say yes for a moment longer
        try:
            _kill_group(self._process.pid or 0)
        except OSError:  # its process group does not exist yet, or not any more
            self._process.kill()

    def close(self) -> None:
        """End an idle child, and wait for its end."""
        self._pipe.close()  # an idle child ends when its pipe does
        self._process.join(2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def call(self, call: Call) -> tuple[Any, BaseException | None]:
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


def not_started(error: OSError) -> EngineFailed:
    """Return the error for a child that the system did not let us start."""
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
