"""The seam every publisher stands behind.

To add a publisher: write one module in this folder with a class that fits `Publisher`, and name it in `registry.py`.
It is given the path of a file and gives a URL under which anyone who knows it can fetch that file for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from bridge.units import Progress, no_progress


@dataclass(frozen=True, slots=True)
class Published:
    """One file that is reachable now."""

    url: str
    """Whoever knows it can fetch the file: treat it as a secret, never log it whole."""

    handle: str
    """What `withdraw` needs, in this process or another: printable text that holds no secret."""


class Publisher(Protocol):
    """A way to make a file reachable. Used by several threads at once."""

    @property
    def name(self) -> str:
        """As written in the configuration."""

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        """Make the file reachable for `lifetime_s` seconds under a URL that cannot be guessed.

        `name` is a file name such as "song.flac": its ending is kept, so that whoever fetches can tell the format; the
        rest may appear in the URL. `progress` may also raise `StepCancelled`: then nothing stays behind.
        Raises `PublishDenied`, `PublishFailed`, `PublishUnreachable` or `StorageError` (the file cannot be read).
        """

    def withdraw(self, handle: str) -> None:
        """Take the file back. Gone already is fine; works in a new process after a restart.

        Raises `PublishDenied`, `PublishFailed` or `StorageError`.
        """


@runtime_checkable
class ServesFiles(Protocol):
    """A publisher that must run for as long as something is published: the composition root starts and stops it."""

    def start(self) -> None:
        """Serve what is published, also what was before a restart. Raises `PublisherUnavailable`, `StorageError`."""

    def stop(self) -> None:
        """Stop serving; what is published comes back with the next start."""
