"""The settings of the inbox, as small frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bridge.inbox.filters import Filters, folded
from bridge.jobs.spec import JobSpec

Existing = Literal["auto", "leave", "take"]


@dataclass(frozen=True, slots=True)
class InboxOptions:
    """Which folder is watched, how long files must stand still, and what is made of each bounce."""

    folder: Path
    """The inbox, absolute."""
    output: Path
    state: Path
    """Our own folders: never scanned, even where they lie inside the inbox."""
    default: JobSpec
    specs: Mapping[str, JobSpec] = field(default_factory=dict)
    """The job of each preset, by its name. A folder of that name at the top of the inbox selects it."""
    usual: Callable[[], JobSpec] | None = None
    """Called for the job of a bounce whose folder selects none; None: always the default."""
    settle_s: float = 2.0
    """How long a file must stand still after its writer has closed it; the other waits are multiples of it."""
    scan_s: float = 30.0
    """The longest time between two scans."""
    polling: bool | Literal["auto"] = "auto"
    """Whether to scan often instead of trusting file events. True also means the longer waits of a network
    share; "auto" looks in the mount table."""
    ignore: tuple[str, ...] = ()
    """Patterns of files and folders to ignore, as `Filters` describes."""

    existing: Existing = "auto"
    """What becomes of bounces that were there before the inbox was seen for the first time: see `first_look`."""

    allowed: tuple[Path, ...] = ()
    """Folders besides the inbox that a link in it may lead into: those from which every door takes bounces."""

    def filters(self) -> Filters:
        """Return the filters of this inbox. Raises ConfigError where our own folders are the inbox itself."""
        outputs = (self.output, self.default.output, *(spec.output for spec in self.specs.values()))
        return Filters(self.folder, (self.state, *outputs), self.ignore)

    def spec_for(self, path: str) -> JobSpec:
        """Return the spec of a bounce: the one that its place in the inbox selects, or the usual one."""
        return self.selected(path) or (self.usual() if self.usual else self.default)

    def selected(self, path: str) -> JobSpec | None:
        """Return the spec of the preset in whose folder of the inbox a bounce lies; None where it lies in none."""
        first, *below = Path(path).relative_to(self.folder).parts
        chosen = folded(first) if below else ""
        return next((spec for name, spec in self.specs.items() if folded(name) == chosen), None)
