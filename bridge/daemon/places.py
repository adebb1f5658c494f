"""Checks where a bounce named from outside lies, and spells its path as the inbox does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bridge.errors import BounceError
from bridge.inbox.filters import Filters, is_bounce_name
from bridge.inbox.ingest import Named
from bridge.jobs.arrival import Signature

_OUTSIDE_ADVICE = "Save the bounce into the inbox, or add its folder to [osc] folders in the configuration."


class Places:
    """The inbox and the other folders that bounces may be named in."""

    def __init__(self, inbox: Path, folders: Iterable[Path], filters: Filters) -> None:
        """`filters` are the inbox's own."""
        self._inbox = inbox
        self._folders = (inbox, *folders)
        self._filters = filters

    def find(self, text: str) -> Named:
        """Return the bounce that `text`, an absolute path or one that begins with "~", names.

        Raises `BounceError` if it lies outside of the folders, by its spelling or through a link. The spelling is
        checked before the disk is read: an answer must not show which other files exist, nor connect to a share.
        """
        path = _absolute(text)
        if not any(_inside(path, folder) or _inside(path, _real(folder)) for folder in self._folders):
            raise _outside(text)
        real = _real(path)
        if not any(_inside(real, _real(folder)) for folder in self._folders):
            raise _outside(text)
        try:
            signature = Signature.of(real.stat())
        except OSError:
            signature = None  # the copying then says why
        return self._named(path, signature)

    def of_command(self, path: Path) -> Named:
        """Return the bounce that a command of the command line names; it may lie anywhere."""
        return self._named(path.absolute(), None)

    def _named(self, path: Path, signature: Signature | None) -> Named:
        # The inbox knows a file by its entry there, and does not ask whether that is a link.
        inbox, entry = _real(self._inbox), _real(path.parent) / path.name
        if not _inside(entry, inbox):
            return Named(path, watched=False, signature=signature)
        below = _as_listed(inbox, entry.relative_to(inbox).parts)
        return Named(self._inbox.joinpath(*below), self._is_seen(below), signature)

    def _is_seen(self, below: tuple[str, ...]) -> bool:
        entered = all(self._filters.enters("/".join(below[:depth])) for depth in range(1, len(below)))
        return entered and is_bounce_name(below[-1]) and not self._filters.ignores("/".join(below))


def _as_listed(folder: Path, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path as its folders list it: some disks ignore letter case or the Unicode form."""
    spelled = list(parts)
    for depth, part in enumerate(parts):
        try:
            names = os.listdir(folder)  # noqa: PTH208 -- only names are wanted
            if part not in names:
                spelled[depth] = next(name for name in names if (folder / name).samefile(folder / part))
        except (OSError, StopIteration):
            break  # it is not there
        folder = folder / spelled[depth]
    return tuple(spelled)


def _absolute(text: str) -> Path:
    expanded = os.path.expanduser(text)  # noqa: PTH111 -- Path's own raises where there is no home
    if not text or "\0" in text or not os.path.isabs(expanded):  # noqa: PTH117 -- before there is a Path
        raise BounceError(
            f'"{text}" is not an absolute path.' if text else "No path was given.",
            code="path.relative",
            advice="Give the whole path of the bounce, beginning with the root folder or the drive.",
        )
    return Path(os.path.normpath(expanded))


def _inside(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _outside(text: str) -> BounceError:
    return BounceError(
        f"{text} lies neither in the inbox nor in a folder that is allowed.",
        code="path.outside",
        advice=_OUTSIDE_ADVICE,
    )
