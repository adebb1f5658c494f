"""Decides about the bounces that were in the inbox before this state folder saw it for the first time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from bridge.inbox.ingest import Ledger
from bridge.inbox.options import InboxOptions
from bridge.jobs.arrival import Signature
from bridge.separation.registry import SERVICE

RECENT_S = 86_400.0
"""What was saved within the last day is taken by "auto", where that costs nothing."""

_BEGUN, _ENDED = Signature(0, 0, 1), Signature(0, 0, 0)
"""What is remembered of the inbox's own folder: a kill between the two must not let the next start take the rest."""

log = logging.getLogger(__name__)

Found = Sequence[tuple[str, Signature]]


class FirstLook:
    """Remembers whether the inbox has been seen, and leaves alone what was there before, as configured."""

    def __init__(self, options: InboxOptions, ledger: Ledger) -> None:
        self._options = options
        self._ledger = ledger

    def is_due(self, known: dict[str, Signature]) -> bool:
        """Say whether this state folder has never looked at the whole inbox; `known` is what the ledger remembers.

        A look that was begun and not ended, because the program was killed, is due again. An older version left no
        mark, only the files that it has dealt with.
        """
        root = str(self._options.folder)
        if root in known:
            return known[root] == _BEGUN
        return not any(path.startswith(f"{root}/") or path.startswith(f"{root}\\") for path in known)

    def take(self, found: Found, known: dict[str, Signature], now: float) -> list[tuple[str, Signature]]:
        """Return the bounces to take; the others are remembered without a job. `now` is the time of the clock.

        Raises what the ledger raises; then the inbox counts as not seen.
        """
        self._mark(_BEGUN, known)
        taken = [(path, signature) for path, signature in found if self._is_taken(path, signature, now)]
        chosen = {path for path, _ in taken}
        for path, signature in found:
            if path not in chosen:
                self._ledger.remember(Path(path), signature)
                known[path] = signature
        self._mark(_ENDED, known)
        if len(taken) < len(found):
            log.warning(
                "%d bounces were in the inbox already: %d are taken, %d are left alone. `stembridge separate FILE...` "
                "makes stems of those; [inbox] existing says what is taken at the first start.",
                len(found),
                len(taken),
                len(found) - len(taken),
            )
        return taken

    def _mark(self, mark: Signature, known: dict[str, Signature]) -> None:
        self._ledger.remember(self._options.folder, mark)
        known[str(self._options.folder)] = mark

    def _is_taken(self, path: str, signature: Signature, now: float) -> bool:
        if self._options.existing != "auto":
            return self._options.existing == "take"
        is_paid = self._options.spec_for(path).engine == SERVICE
        return not is_paid and now - signature.mtime_ns / 1e9 < RECENT_S
