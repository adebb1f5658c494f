"""Scans the inbox, keeps its file events coming, and decides when the next scan is due."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from bridge.inbox.mounts import on_network
from bridge.inbox.options import InboxOptions
from bridge.inbox.scan import Findings, scan
from bridge.inbox.settling import Pace
from bridge.inbox.watch import Watch
from bridge.jobs.arrival import Signature

_HINT_S = 0.05
"""How long file events are collected before they cause a scan."""
_IDLE_SHARE = 10
"""After a scan that events or polling caused, at least this many times its duration passes before the next one."""


class ScanSchedule:
    """The scans of one folder. Used from one thread."""

    def __init__(
        self,
        options: InboxOptions,
        clock: Callable[[], float],
        on_hint: Callable[[], None],
        on_close: Callable[[str], None],
    ) -> None:
        """Call `on_hint` and `on_close` from the thread of the file events. Raises ConfigError as `filters` does."""
        self.scan_at = clock()
        """When the next scan is due."""
        self.pace = Pace(options.settle_s, remote=options.polling is True)
        self._options = options
        self._root = str(options.folder)
        self._filters = options.filters()
        self._clock = clock
        self._watch = Watch(self._root, on_hint, on_close)
        self._identity: tuple[int, int] | None = None
        self._rest_until = self.scan_at

    def hint(self) -> None:
        """Scan soon, since something has happened in the folder."""
        self.scan_at = min(self.scan_at, max(self._clock() + _HINT_S, self._rest_until))

    def scan_now(self) -> None:
        """Make a scan due now."""
        self.scan_at = self._clock()

    def scan(self, known: Mapping[str, Signature], keep_going: Callable[[], bool]) -> Findings:
        """Scan now and set the time for the next scan. Raises OSError where the root is gone or cannot be listed."""
        began = self._clock()
        watched = False
        try:
            status = os.stat(self._root)  # noqa: PTH116 - a string all the way down, as the disk spells it
            # The watch comes first, so that nothing falls between it and the scan.
            watched = self._watch_root((status.st_dev, status.st_ino))
            return scan(self._root, self._filters, known, keep_going)
        finally:
            now = self._clock()
            self._rest_until = now + _IDLE_SHARE * (now - began)
            often = max(self.pace.settle_s * 2.5, self._rest_until - now)
            self.scan_at = now + (self._options.scan_s if watched else min(self._options.scan_s, often))

    def close(self) -> None:
        """Stop watching."""
        self._watch.stop()

    def _watch_root(self, identity: tuple[int, int]) -> bool:
        polling = self._options.polling
        if identity != self._identity:
            remote = polling is True or on_network(self._options.folder)
            self.pace = Pace(self._options.settle_s, remote=remote)
            self._identity = identity
        if polling is True or (polling == "auto" and self.pace.remote):
            return False
        return self._watch.ensure(identity)
