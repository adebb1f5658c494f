"""One watchdog observer, with nothing shared: it can die and be replaced as a whole."""

from __future__ import annotations

import contextlib
import sys

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
    """What both kinds of observer do with their observer."""

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

    class FolderObserver(_Observed):
        """Hears of changes below a root from its construction to `stop`.

        The thread that reads from the kernel is ours, since watchdog's own observer does not say when an error has
        ended it.
        """

        def __init__(self, handler: FileSystemEventHandler, root: str) -> None:
            """Raises OSError where the root cannot be watched: no such folder, or a limit of the system's."""
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

    class FolderObserver(_Observed):
        """Hears of changes below a root from its construction to `stop`."""

        def __init__(self, handler: FileSystemEventHandler, root: str) -> None:
            """Raises OSError where the root cannot be watched."""
            # Closing is reported on Linux only, so here each write is a hint.
            super().__init__(Observer(), [*_EVENTS, FileModifiedEvent])
            self._start(handler, root)
