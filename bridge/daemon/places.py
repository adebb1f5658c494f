"""Where a bounce may lie that somebody asks for from outside, and how the inbox spells its path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import BounceError

_OUTSIDE_ADVICE = "Save the bounce into the inbox, or add its folder to [osc] folders in the configuration."


@dataclass(frozen=True, slots=True)
class Place:
    """A bounce that may be separated."""

    path: Path
    """As the inbox spells it, if it lies there."""
    watched: bool
    """It lies in the inbox."""


class Places:
    """The inbox and the configured folders. Knows nothing of what is in them."""

    def __init__(self, inbox: Path, folders: Iterable[Path]) -> None:
        self._inbox = inbox
        self._folders = (inbox, *folders)

    def find(self, text: str) -> Place:
        """Return the place that `text`, an absolute path or one that begins with "~", leads to.

        Raises `BounceError` where it leads out of the folders, by its spelling or through a link. The spelling is
        judged before the disk is asked: not even the existence of other files is told, and no share is called.
        """
        path = _absolute(text)
        if not any(_inside(path, folder) or _inside(path, _real(folder)) for folder in self._folders):
            raise _outside(text)
        real = _real(path)
        if not any(_inside(real, _real(folder)) for folder in self._folders):
            raise _outside(text)
        inbox = _real(self._inbox)
        if _inside(real, inbox):
            return Place(self._inbox / real.relative_to(inbox), watched=True)
        return Place(path, watched=False)


def _absolute(text: str) -> Path:
    expanded = os.path.expanduser(text)  # noqa: PTH111 -- Path's own raises where there is no home
    if not text or "\0" in text or not os.path.isabs(expanded):  # noqa: PTH117 -- before there is a Path
        raise BounceError(
            f'"{text}" is no absolute path.' if text else "There is no path.",
            code="path.relative",
            advice="Give the whole path of the bounce, from the root or the drive on.",
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
