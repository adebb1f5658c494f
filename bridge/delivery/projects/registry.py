"""The kinds of project files, by the names that `[output] projects` has for them.

To add yours: write a module beside this one with a function that takes a `Layout` and the path to write, and raises
nothing but `OSError`; give it a row below, and its name in `ProjectKind` (bridge/jobs/spec.py) and in `[output]`
(bridge/config/settings.py). The same layout must give the same bytes: after a crash a delivery is rendered again and
compared with what is in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.delivery.disk import storage_errors
from bridge.delivery.naming import safe_name
from bridge.delivery.projects import dawproject, reaper
from bridge.delivery.projects.layout import Layout, layout
from bridge.delivery.receipt import Receipt


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """One kind of project file."""

    ending: str
    """What follows the song in its name. No stem's name ends like this, so that the names never clash."""
    write: Callable[[Layout, Path], None]
    holds_stems: bool = False
    """Whether the file is as large as all stems together."""


KINDS: Final[Mapping[str, ProjectFile]] = {
    "rpp": ProjectFile(".RPP", reaper.write_project),
    "rtracktemplate": ProjectFile(".RTrackTemplate", reaper.write_track_template),
    "dawproject": ProjectFile(".dawproject", dawproject.write_referring),
    "dawproject-embedded": ProjectFile(" with stems.dawproject", dawproject.write_embedding, holds_stems=True),
}


def write_projects(receipt: Receipt, kinds: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Write the project files of these kinds into `folder`, where the receipt's stems are, and return their names.

    Raises `StorageError`; a file that was begun is then left as it is.
    """
    song, tracks = safe_name(receipt.song), layout(receipt)
    names = []
    with storage_errors("Writing the project files"):
        for kind in dict.fromkeys(kinds):
            names.append(song + KINDS[kind].ending)
            KINDS[kind].write(tracks, folder / names[-1])
    return tuple(names)
