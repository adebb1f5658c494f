"""File events, as hints only: they make the next scan come sooner and tell when a writer closes a file.

An event may be late, or missing (the kernel's queue overflows, a folder appears faster than it is watched, the root
is replaced): the scan makes up for all of that. Overflow needs no care of its own: when the queue overflowed, there
are older events still in it, each of which asks for a scan that begins after it is read, and so after the loss.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver

log = logging.getLogger(__name__)

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_STOP_S = 0.3


class _Observed:
    """What the observers of all systems have in common. Nothing is shared, so that one can be replaced when it dies."""

    def __init__(self, observer: BaseObserver, events: list[type[FileSystemEvent]]) -> None:
        observer.name = "inbox-watch"
        self._observer = observer
        self._events = events

    def _start(self, handler: FileSystemEventHandler, root: str) -> None:
        self._observer.schedule(handler, root, recursive=True, event_filter=self._events)
        self._observer.start()

    def alive(self) -> bool:
        """Say whether all threads that events pass through still run."""
        emitters = self._observer.emitters
        return self._observer.is_alive() and bool(emitters) and all(emitter.is_alive() for emitter in emitters)

    def stop(self) -> None:
        """End the threads, waiting briefly."""
        self._observer.stop()
        with contextlib.suppress(RuntimeError):
            # It was never started.
            self._observer.join(_STOP_S)


if sys.platform.startswith("linux"):
    from watchdog.observers.inotify import InotifyEmitter
    from watchdog.observers.inotify_c import InotifyFD

    class _Observer(_Observed):
        """Reports changes below a root from its construction to `stop`.

        The thread that reads from the kernel is ours, since watchdog's own observer does not say when an error has
        ended it.
        """

        def __init__(self, handler: FileSystemEventHandler, root: str) -> None:
            """Raise OSError where the root cannot be watched: no such folder, or a limit of the system."""
            self._reader = InotifyFD()
            self._reader.name = "inbox-events"
            self._reader.start()
            super().__init__(BaseObserver(InotifyEmitter, inotify_fd=self._reader), _EVENTS)
            try:
                self._start(handler, root)
            except OSError:
                self.stop()
                raise

        def alive(self) -> bool:
            """Say whether all threads that events pass through still run."""
            return self._reader.is_alive() and super().alive()

        def stop(self) -> None:
            """End the threads, waiting briefly."""
            super().stop()
            self._reader.stop()
            self._reader.join(_STOP_S)

else:
    from watchdog.observers import Observer

    class _Observer(_Observed):
        """Reports changes below a root from its construction to `stop`."""

        def __init__(self, handler: FileSystemEventHandler, root: str) -> None:
            """Raise OSError where the root cannot be watched."""
            # Closing is reported on Linux only, so here each write is a hint.
            super().__init__(Observer(), [*_EVENTS, FileModifiedEvent])
            self._start(handler, root)


class _EventHandler(FileSystemEventHandler):
    """Passes events on, with paths as the scan spells them."""

    def __init__(self, root: str, real_root: str, on_hint: Callable[[], None], on_close: Callable[[str], None]) -> None:
        self._root = root
        self._real_root = real_root
        self._on_hint = on_hint
        self._on_close = on_close

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Report a close with its path, and of everything else only that something has happened."""
        if isinstance(event, FileClosedEvent):
            path = os.fsdecode(event.src_path)
            if path.startswith(self._real_root):
                self._on_close(self._root + path[len(self._real_root) :])
        self._on_hint()


class Watch:
    """Keeps one observer alive on the root, as long as the system lets it."""

    def __init__(self, root: str, on_hint: Callable[[], None], on_close: Callable[[str], None]) -> None:
        """Call `on_hint` and `on_close` from the observer's thread."""
        self._root = root
        self._on_hint = on_hint
        self._on_close = on_close
        self._observer: _Observer | None = None
        self._identity: tuple[int, int] | None = None
        self._last_complaint = ""

    def ensure(self, identity: tuple[int, int]) -> bool:
        """Watch the root, which has this device and inode now, unless it is watched; return whether that works.

        An observer stops reporting, without an error, when its root is renamed or replaced. So a living thread is not
        enough.
        """
        if self._observer is not None and (identity != self._identity or not self._observer.alive()):
            log.info("watching %s again: the folder was replaced, or file events had stopped", self._root)
            self.stop()
        if self._observer is None:
            self._start(identity)
        return self._observer is not None

    def stop(self) -> None:
        """Stop watching the root."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()

    def _start(self, identity: tuple[int, int]) -> None:
        # watchdog warns of something harmless whenever folders are made quickly.
        warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
        real_root = str(Path(self._root).resolve())
        try:
            self._observer = _Observer(_EventHandler(self._root, real_root, self._on_hint, self._on_close), real_root)
        except OSError as error:
            self._complain(error.strerror or str(error))
            return
        if self._last_complaint:
            log.info("%s is watched again", self._root)
        self._last_complaint = ""
        self._identity = identity

    def _complain(self, reason: str) -> None:
        if reason != self._last_complaint:
            log.warning("no file events for %s (%s); it is scanned often instead", self._root, reason)
        self._last_complaint = reason
