"""The truth about the inbox: every file in it, compared with what is known."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.inbox.filters import Filters, is_bounce_name, is_job_file_name
from bridge.jobs.arrival import Signature

_MAX_DEPTH = 32
"""Ends the walk where folders contain themselves, which junctions on Windows can do."""


@dataclass(slots=True)
class Findings:
    """What one scan found that was not known."""

    fresh: list[tuple[str, Signature]] = field(default_factory=list)
    """Bounces' paths, verbatim as the disk spells them, that are new or have another signature than the one known."""
    requests: list[tuple[str, Signature]] = field(default_factory=list)
    """Job files, likewise."""
    denied: list[tuple[str, OSError]] = field(default_factory=list)
    """Files and folders that could not be looked at, with the reason."""


def scan(root: str, filters: Filters, known: Mapping[str, Signature], keep_going: Callable[[], bool]) -> Findings:
    """Look through a folder and all below it.

    Folders behind symbolic links are not entered; files behind them are files. Stops between two folders, with what it
    has, when `keep_going` says no. Raises OSError where the root itself cannot be listed.
    """
    findings = Findings()
    folders = _scan_folder(root, "", filters, known, findings)
    while folders and keep_going():
        path, relative = folders.pop()
        try:
            deeper = _scan_folder(path, relative, filters, known, findings)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            findings.denied.append((path, error))
            continue
        if relative.count("/") < _MAX_DEPTH:
            folders += deeper
    return findings


def _scan_folder(
    folder: str, relative: str, filters: Filters, known: Mapping[str, Signature], findings: Findings
) -> list[tuple[str, str]]:
    """Look at one folder; return the folders in it that are to be entered. This loop is hot: see its bench."""
    below = f"{relative}/" if relative else ""
    patterns = filters.has_patterns
    deeper = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if (bounce := is_bounce_name(name)) or is_job_file_name(name):
                if patterns and filters.ignores(below + name):
                    continue
                try:
                    status = _status(entry)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    findings.denied.append((entry.path, error))
                    continue
                if stat.S_ISREG(status.st_mode):
                    _compare(entry.path, status, known, findings.fresh if bounce else findings.requests)
                    continue
            if entry.is_dir(follow_symlinks=False) and filters.enters(below + name):
                deeper.append((entry.path, below + name))
    return deeper


def _compare(
    path: str, status: os.stat_result, known: Mapping[str, Signature], found: list[tuple[str, Signature]]
) -> None:
    seen = known.get(path)
    if (
        seen is None
        or seen.mtime_ns != status.st_mtime_ns
        or seen.size != status.st_size
        or seen.inode != status.st_ino
    ):
        found.append((path, Signature.of(status)))


if sys.platform == "win32":

    def _status(entry: os.DirEntry[str]) -> os.stat_result:
        """Ask the file: a Windows folder's own listing has no inode, and old sizes of files that are open."""
        return os.stat(entry.path)  # noqa: PTH116 - a Path for each of 10,000 files costs more than the stat

else:

    def _status(entry: os.DirEntry[str]) -> os.stat_result:
        return entry.stat()
