"""File events, as a hint only: they bring the next scan forward and tell when a writer closes a file.

An event may be late, or missing (the kernel's queue overflows, a folder appears faster than it is watched, the root
is replaced): the scan makes up for all of that. Overflow needs no care of its own: when the queue overflowed, there
are older events still in it, each of which asks for a scan that begins after it is read, and so after the loss.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileClosedEvent, FileSystemEvent, FileSystemEventHandler

from bridge.inbox.observer import FolderObserver

log = logging.getLogger(__name__)


class _Hearing(FileSystemEventHandler):
    """Passes events on, with paths as the scan spells them."""

    def __init__(self, root: str, real_root: str, on_hint: Callable[[], None], on_close: Callable[[str], None]) -> None:
        self._root = root
        self._real_root = real_root
        self._on_hint = on_hint
        self._on_close = on_close

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Tell of a close by its path, of everything else only that there is something to see."""
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
        self._observer: FolderObserver | None = None
        self._identity: tuple[int, int] | None = None
        self._complained = ""

    def ensure(self, identity: tuple[int, int]) -> bool:
        """See that the root, which has this device and inode now, is watched; return whether it is.

        An observer goes deaf without a word when its root is renamed or replaced, so that its being alive is not
        enough.
        """
        if self._observer is not None and (identity != self._identity or not self._observer.alive()):
            log.info("watching %s anew: the folder was replaced, or the events had stopped", self._root)
            self.stop()
        if self._observer is None:
            self._start(identity)
        return self._observer is not None

    def stop(self) -> None:
        """Let go of the root."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()

    def _start(self, identity: tuple[int, int]) -> None:
        # watchdog warns of something harmless whenever folders are made quickly.
        warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
        real_root = str(Path(self._root).resolve())
        try:
            self._observer = FolderObserver(_Hearing(self._root, real_root, self._on_hint, self._on_close), real_root)
        except OSError as error:
            self._complain(error.strerror or str(error))
            return
        if self._complained:
            log.info("%s is watched again", self._root)
        self._complained = ""
        self._identity = identity

    def _complain(self, reason: str) -> None:
        if reason != self._complained:
            log.warning("file events are not to be had for %s (%s): it is scanned often instead", self._root, reason)
        self._complained = reason
