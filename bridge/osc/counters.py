"""What the room has counted since it started: what cannot be answered is at least counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Counted = Literal["received", "messages", "sent", "dropped", "refused"]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters at one moment."""

    received: int
    """Packets."""
    messages: int
    """Well-formed messages in them."""
    sent: int
    """Packets handed to the system to send."""
    dropped: int
    """Answers and events that were not sent: over the limit, or nobody there to take them."""
    refused: int
    """Packets and connections of hosts that are not allowed, and connections over the limit."""
    errors: Mapping[str, int]
    """Messages and packets that were not carried out, by error code."""

    def __str__(self) -> str:
        errors = ", ".join(f"{many} {code}" for code, many in sorted(self.errors.items())) or "none"
        return (
            f"{self.received} packets with {self.messages} messages received, errors: {errors}; "
            f"{self.sent} packets sent, {self.dropped} dropped; {self.refused} refused"
        )


class Counters:
    """Counts on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Counted] = Counter()
        self._errors: Counter[str] = Counter()

    def add(self, what: Counted, many: int = 1) -> None:
        """Count what a field of `Counts` is for."""
        with self._lock:
            self._counts[what] += many

    def error(self, code: str) -> None:
        """Count an error by its code."""
        with self._lock:
            self._errors[code] += 1

    def now(self) -> Counts:
        """Return the counters as they are."""
        with self._lock:
            numbers = {name: self._counts[name] for name in get_args(Counted)}
            return Counts(**numbers, errors=MappingProxyType(dict(self._errors)))
