"""A bounce that has been copied to the spool and is ready to become a job."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bridge.jobs.spec import JobSpec


@dataclass(frozen=True, slots=True)
class Signature:
    """What must stand still for a file to be the same file: compared, never interpreted."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Signature:
        """Take the signature from a stat result."""
        return cls(stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a door hands to the job store."""

    source: Path
    """Where the musician's bounce lies. Never written to."""
    spool: Path
    """Our own copy of it, complete and fsynced."""
    sha256: str
    """Of the file's bytes, in lower-case hex, taken while the copy was made."""
    signature: Signature
    """The source's, unchanged from before the copy to after it."""
    song: str
    door: str
    """Which door it came through: "inbox", "cli", "osc", "job file"."""
    spec: JobSpec
    watched: bool = False
    """The inbox sees this bounce, by whichever door it came: it is remembered there, and not taken a second time."""
