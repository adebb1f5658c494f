"""Finds every file in the inbox that is new or changed. File events may be lost; a scan misses nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.delivery.plan import DRAFT_NAME
from bridge.delivery.receipt import RECEIPT_NAME
from bridge.inbox.filters import Filters, is_bounce_name, is_conflict_copy, is_job_file_name, is_worth_mentioning
from bridge.jobs.arrival import Signature

_MAX_DEPTH = 32
"""Stops the walk where folders contain themselves, which junctions on Windows can do."""


@dataclass(slots=True)
class Findings:
    """What one scan found."""

    fresh: list[tuple[str, Signature]] = field(default_factory=list)
    """Bounces' paths, verbatim as the disk spells them, that are new or have another signature than the one known."""
    requests: list[tuple[str, Signature]] = field(default_factory=list)
    """Job files, likewise."""
    denied: list[tuple[str, OSError]] = field(default_factory=list)
    """Files and folders that could not be read, with the reason."""
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    """What somebody may have meant as a bounce and is none, with the reason, whether that is new or not."""

    def add(self, other: Findings) -> None:
        """Take over what another scan found."""
        self.fresh += other.fresh
        self.requests += other.requests
        self.denied += other.denied
        self.passed_over += other.passed_over


def scan(root: str, filters: Filters, known: Mapping[str, Signature], keep_going: Callable[[], bool]) -> Findings:
    """List a folder and all folders below it.

    Folders behind symbolic links are not entered; files behind them count as files. Stops between two folders, with
    what it has, when `keep_going` returns False. Raises OSError where the root itself cannot be listed.
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


def in_delivery(path: str, root: str) -> bool:
    """Say whether a file lies in a delivery, however that came into the inbox: its stems are no bounces.

    The root itself is taken from even where it holds a receipt.
    """
    folder = os.path.dirname(path)  # noqa: PTH120 - the path stays as the disk spells it
    while len(folder) > len(root):
        if any(os.path.lexists(os.path.join(folder, name)) for name in _RECEIPTS):  # noqa: PTH118
            return True
        folder = os.path.dirname(folder)  # noqa: PTH120
    return False


_RECEIPTS = frozenset({RECEIPT_NAME, DRAFT_NAME})
_DELIVERY = "the folder is a delivery of Stembridge: its files are stems, or belong to them"


def _scan_folder(
    folder: str, relative: str, filters: Filters, known: Mapping[str, Signature], findings: Findings
) -> list[tuple[str, str]]:
    """List one folder; return the folders in it that are to be entered. This loop is hot: see its bench."""
    below = f"{relative}/" if relative else ""
    deeper = []
    here = Findings()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name in _RECEIPTS and relative:
                findings.passed_over.append((folder, _DELIVERY))
                return []
            if is_bounce_name(name) or is_job_file_name(name):
                if _add_file(entry, below, filters, known, here):
                    continue
            elif not entry.is_dir(follow_symlinks=False):
                if is_worth_mentioning(name) and not filters.ignores(below + name):
                    here.passed_over.append((entry.path, _why_no_bounce(entry)))
                continue
            if entry.is_dir(follow_symlinks=False) and filters.enters(below + name):
                deeper.append((entry.path, below + name))
    findings.add(here)
    return deeper


def _add_file(
    entry: os.DirEntry[str], below: str, filters: Filters, known: Mapping[str, Signature], found: Findings
) -> bool:
    """Add an entry that is named like a bounce or a job file, if it is new; return whether it is a regular file."""
    if filters.has_patterns and filters.ignores(below + entry.name):
        return False
    try:
        status = _status(entry)
    except FileNotFoundError:
        if entry.is_symlink():
            found.passed_over.append((entry.path, "it is a link that leads nowhere"))
    except OSError as error:
        found.denied.append((entry.path, error))
    else:
        if stat.S_ISREG(status.st_mode):
            _compare(entry.path, status, known, found.requests if is_job_file_name(entry.name) else found.fresh)
            return True
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        found.passed_over.append((entry.path, f"it is {what}"))
    return False


def _why_no_bounce(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink() and entry.is_dir():
        return "it is a link to a folder; only real folders are entered"
    if is_conflict_copy(entry.name):
        return "a synchronisation made it of a file that was changed in two places"
    return "its name does not end like the name of an audio file"


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
        """Ask the file itself: the listing of a Windows folder has no inodes, and old sizes of open files."""
        return os.stat(entry.path)  # noqa: PTH116 - a Path for each of 10,000 files costs more than the stat

else:

    def _status(entry: os.DirEntry[str]) -> os.stat_result:
        return entry.stat()
