"""Live's status bar: one line, which the last message takes."""

from __future__ import annotations

from collections.abc import Callable

SAID_FOR_S = 4.0
"""How long a sentence stays before progress may take its place."""
PROGRESS_EVERY_S = 1.0


class Status:
    """Says what matters at once, and progress now and then."""

    def __init__(self, show: Callable[[str], None], log: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._show = show
        self._log = log
        self._clock = clock
        self._free_at = 0.0

    def say(self, text: str) -> None:
        """Show a sentence, and keep it in Live's log."""
        self._log(f"Stembridge: {text}")
        self._show(f"Stembridge: {text}")
        self._free_at = self._clock() + SAID_FOR_S

    def progress(self, song: str, fraction: float, step: str) -> None:
        """Show how far a job is, unless something was shown just now."""
        now = self._clock()
        if now >= self._free_at:
            self._show(f"Stembridge: {song} {fraction:.0%} ({step})")
            self._free_at = now + PROGRESS_EVERY_S
