"""Which names in the inbox can be bounces or job files, and which folders are never entered. Reads no disk."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from bridge.errors import ConfigError
from bridge.media.formats import SUFFIXES

JOB_FILE = ".stembridge"
"""What a job file's name ends in."""

MOVED_BOUNCES = "source"
"""The folder at the inbox's top into which delivered bounces are moved where that is configured, folded."""

_OTHER_PROGRAMS = ("~syncthing~", "~$")
_CONFLICT = re.compile(
    r"\.sync-conflict-\d{8}-"  # Syncthing
    r"|\((?:[^()]*\b)?(?:conflicted copy|case conflict|sfconflict)\b[^()]*\)"  # Dropbox, Nextcloud, Seafile
    r"|\((?:in konflikt stehende kopie|copie en conflit|copia en conflicto|copia in conflitto)\b[^()]*\)",  # Dropbox
    re.IGNORECASE,
)
_SYSTEM_FOLDER = re.compile(
    r"[@#~]recycled?|[@#~]snapshots?|@recently-snapshot|@gmt-.*|@eadir|@tmp|@sharesnap|@sharebin|@__thumb|@transcode"
    r"|@qmpartition|@syno.*|\$recycle\.bin|recycle[rd]|recycle bin|trashbox|network trash folder|temporary items"
    r"|system volume information|lost\+found|found\.\d{3}|__macosx",
    re.IGNORECASE,
)
"""Where disks and network storage keep what was deleted, older versions and previews."""


_SILENT = (
    *(".reapeaks", ".reapindex", ".asd", ".pkf", ".sfk", ".mrk", ".ovw", ".wfm", ".peak", ".gpk", ".sfap0"),
    *(".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".bak", ".error"),
    *("desktop.ini", "thumbs.db", "icon\r", JOB_FILE),
)
"""Peak files of DAWs, files in progress, answers to job files, and what file managers write."""


def folded(name: str) -> str:
    """Return a name in the form for comparisons, in which letter case and Unicode form make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_bounce_name(name: str) -> bool:
    """Say whether a file of this name can be a bounce.

    Hidden files are not: among them are macOS's `._*` doubles and `.syncthing.*`. Neither are the copies that a
    synchronisation makes of a file that was changed in two places.
    """
    if name[name.rfind(".") :].lower() not in SUFFIXES or name[0] == "." or name.startswith(_OTHER_PROGRAMS):
        return False
    return not is_conflict_copy(name)


def is_conflict_copy(name: str) -> bool:
    """Say whether a synchronisation program made this name for the other version of a file."""
    return "onfli" in name.lower() and _CONFLICT.search(name) is not None


def is_worth_mentioning(name: str) -> bool:
    """Say whether the log should mention that a file of this name is no bounce.

    Not for hidden files, peak files, downloads in progress and our own answers to job files: nobody expects stems of
    these.
    """
    return name[0] != "." and not name.startswith(_OTHER_PROGRAMS) and not name.lower().endswith(_SILENT)


def is_job_file_name(name: str) -> bool:
    """Say whether a file of this name is a job file (see `job_file`)."""
    return name[-len(JOB_FILE) :].lower() == JOB_FILE and name[0] != "." and not name.startswith(_OTHER_PROGRAMS)


class Filters:
    """The user's patterns and our own folders, compiled once."""

    def __init__(self, folder: Path, ours: Iterable[Path], patterns: Iterable[str]) -> None:
        """Take the inbox, our own folders (the outputs, the state) and the patterns to ignore.

        A pattern without a slash is compared with the name of each file and folder, one with a slash with the whole
        path below the inbox. The whole text must match; letter case makes no difference; `*` and `?` do not match a
        slash, `**` does.

        Raises ConfigError where one of our folders is the inbox itself.
        """
        self._ours = frozenset(_below(folder, path) for path in ours) - {None}
        if "" in self._ours:
            raise ConfigError(
                f"The inbox {folder} cannot also be the folder for stems or for Stembridge's own state.",
                advice="Give the stems a folder of their own; it may lie inside the inbox.",
            )
        patterns = tuple(patterns)
        self._names = _compiled(pattern for pattern in patterns if "/" not in pattern)
        self._paths = _compiled(pattern.lstrip("/") for pattern in patterns if "/" in pattern)
        self.has_patterns = bool(patterns)

    def ignores(self, relative: str) -> bool:
        """Say whether the user's patterns ignore a path, given below the inbox and with slashes."""
        name = relative.rpartition("/")[2]
        return bool(self._names and self._names.fullmatch(name)) or bool(
            self._paths and self._paths.fullmatch(relative)
        )

    def enters(self, relative: str) -> bool:
        """Say whether a folder is scanned, given below the inbox and with slashes."""
        name = relative.rpartition("/")[2]
        if name.startswith((".", *_OTHER_PROGRAMS)) or _SYSTEM_FOLDER.fullmatch(name):
            return False
        # Folded, since some disks ignore letter case; on others nobody names two folders so alike.
        key = folded(relative)
        return key != MOVED_BOUNCES and key not in self._ours and not self.ignores(relative)


def _below(folder: Path, path: Path) -> str | None:
    """Return `path` below `folder`, folded and with slashes; None where it lies elsewhere."""
    try:
        relative = path.resolve().relative_to(folder.resolve())
    except ValueError:
        return None
    return "" if relative == Path() else folded(relative.as_posix())


def _compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    sources = [f"(?:{_regex_of(pattern)})" for pattern in patterns]
    return re.compile("|".join(sources), re.IGNORECASE | re.DOTALL) if sources else None


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)


def _regex_of(pattern: str) -> str:
    """Translate one glob pattern; Python's own translator comes with 3.13 only."""
    return "".join(_regex_of_token(token) for token in _TOKEN.findall(pattern))


def _regex_of_token(token: str) -> str:
    simple = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in simple:
        return simple[token]
    if len(token) > 2:
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
        inner = "^" + inner[1:] if inner.startswith("!") else inner
        return f"[{inner}]"
    return re.escape(token)
