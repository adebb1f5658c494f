"""The interfaces that a caller of the engine provides: the checkpoint, the publisher and the watch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from bridge.units import Progress


class Checkpoint(Protocol):
    """Where one job's remote task is noted."""

    def load(self) -> Mapping[str, object]:
        """Return what was last saved, {} before anything was."""

    def save(self, state: Mapping[str, object]) -> None:
        """Note values that JSON can hold. On return they are on the disk: kill -9 cannot take them back.

        Where they intend an order, raises `OverBudget` if no minutes are left and `OrderedBefore` if another job has
        ordered the same audio; nothing is noted then.
        """


class Publication(Protocol):
    """A file that is reachable now."""

    @property
    def url(self) -> str:
        """Whoever knows it can fetch the file."""

    @property
    def handle(self) -> str:
        """What `withdraw` needs."""


class Publishes(Protocol):
    """The part of a `bridge.publish` publisher that the engine uses; that room is beside this one, not below."""

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress) -> Publication:
        """Make the file reachable. Raises `PublishError` or `StorageError`."""

    def withdraw(self, handle: str) -> None:
        """Take it back; gone already is fine. Raises `PublishError`."""


class Watch(Protocol):
    """Whoever looks on. `check` and `wait` raise what should end the work: `StepCancelled`, or the daemon's stop."""

    def progress(self, step: str, fraction: float) -> None:
        """Know how far a step is, 0.0 to 1.0."""

    def notice(self, sentence: str) -> None:
        """Know why nothing moves at the moment."""

    def check(self) -> None:
        """Raise if the work is to end."""

    def wait(self, seconds: float) -> None:
        """Sleep, and raise within a moment if the work is to end."""
