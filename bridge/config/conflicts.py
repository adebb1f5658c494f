"""Finds settings that are valid alone but conflict with each other."""

from __future__ import annotations

import ipaddress
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.config.locate import KeyPath
from bridge.config.settings import Settings
from bridge.config.values import folded


@dataclass(frozen=True, slots=True)
class Conflict:
    """The keys that conflict, first the one to change, and why."""

    keys: tuple[KeyPath, ...]
    reason: str


def conflicts(settings: Settings) -> list[Conflict]:
    """Return all conflicts; reads the disk to see whether two paths are the same folder."""
    return [*_folders(settings), *_formats(settings), *_preset_names(settings), *_listening(settings)]


def _folders(settings: Settings) -> Iterator[Conflict]:
    inbox, output, state = settings.inbox.folder, settings.output.folder, settings.state.folder
    if _same(inbox, output):
        keys = (("output", "folder"), ("inbox", "folder"))
        yield Conflict(keys, f"is the inbox itself ({inbox}); stems would be taken for bounces")
    if _same(state, output):
        keys = (("state", "folder"), ("output", "folder"))
        yield Conflict(keys, f"is the output folder itself ({output}); it needs a folder of its own")
    if _same(state, inbox):
        keys = (("state", "folder"), ("inbox", "folder"))
        yield Conflict(keys, f"is the inbox itself ({inbox}); our own copies would be taken for bounces")


def _same(one: Path, other: Path) -> bool:
    if os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other)):
        return True
    try:
        return one.samefile(other)  # on a disk that ignores letter case the names may differ
    except OSError:
        return False


def _formats(settings: Settings) -> Iterator[Conflict]:
    base = settings.normalise
    if base.format == "flac" and base.depth == "32f":
        yield Conflict((("normalise", "depth"), ("normalise", "format")), _NO_FLOAT_FLAC)
    for name, preset in settings.presets.items():
        if preset.format is None and preset.depth is None:
            continue  # the same pair as in [normalise], already judged there
        if (preset.format or base.format) == "flac" and (preset.depth or base.depth) == "32f":
            changed, other = ("depth", "format") if preset.depth else ("format", "depth")
            own: tuple[KeyPath, ...] = (("presets", name, changed), ("presets", name, other))
            yield Conflict((*own, ("normalise", "depth"), ("normalise", "format")), _NO_FLOAT_FLAC)


_NO_FLOAT_FLAC = 'FLAC holds no floating point; take format "wav" or depth "24"'


def _preset_names(settings: Settings) -> Iterator[Conflict]:
    by_folder = sorted(settings.presets, key=folded)
    for name, following in itertools.pairwise(by_folder):
        if folded(name) == folded(following):
            keys: tuple[KeyPath, ...] = (("presets", following), ("presets", name))
            yield Conflict(keys, f'is the same folder name as "{name}" on many disks; choose another')


def _listening(settings: Settings) -> Iterator[Conflict]:
    host = settings.osc.host
    if not settings.osc.allow and not _is_this_machine(host):
        keys: tuple[KeyPath, ...] = (("osc", "host"), ("osc", "allow"))
        yield Conflict(keys, f'listens beyond this machine ("{host}"): allow must name who may send')


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
