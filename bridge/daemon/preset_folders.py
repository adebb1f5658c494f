"""The folders of the presets in the inbox: made at the start, and looked at for misspelt names."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from bridge.config.nearest import nearest
from bridge.inbox.filters import folded

log = logging.getLogger(__name__)

_NEAR = 0.75
"""A song's folder may be named a little like a preset; below this likeness nothing is said."""


def prepare_preset_folders(inbox: Path, presets: Collection[str]) -> None:
    """Make the folder of each preset, and warn of folders whose name is nearly a preset's. Never fails.

    A bounce in a folder that is no preset's is separated with the defaults.
    """
    try:
        there = [entry.name for entry in inbox.iterdir() if entry.is_dir()]
    except OSError as error:
        log.debug("cannot list %s: %s", inbox, error)
        return
    known = {folded(name) for name in there}
    for preset in presets:
        if folded(preset) not in known:
            _make(inbox / preset)
    own = {folded(preset) for preset in presets}
    for name in there:
        meant = "" if folded(name) in own else nearest(name, presets, _NEAR)
        if meant:
            log.warning(
                '%s is not the folder of a preset; did you mean "%s"? Bounces in it get the default settings.',
                inbox / name,
                meant,
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        log.warning("cannot make the preset's folder %s: %s", folder, error.strerror or error)
