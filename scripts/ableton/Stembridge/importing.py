"""What an importer reads of a delivery: its receipt, checked, and how its tracks are called and painted.

This file needs nothing but Python 3.7 and its standard library, so that an importer inside a DAW can carry a copy of
it. The rules are those of docs/importers.md; the bridge itself reads receipts with bridge/delivery/receipt.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

RECEIPT = "stems.json"
SCHEMA = 1

COLOURS = {
    "vocals": 0xE4572E,
    "drums": 0xF3A712,
    "bass": 0x3D5A80,
    "guitar": 0x76B041,
    "piano": 0x8E6C8A,
    "strings": 0x2A9D8F,
    "wind": 0x00B4D8,
    "other": 0x9AA0A6,
}
"""What a track is painted with, as 0xRRGGBB: the same in every DAW."""


class NotReady(Exception):
    """The folder is no whole delivery yet, or it is gone: look again later. The message is a sentence."""


class Unreadable(Exception):
    """The receipt is not one that may be followed, now or later. The message is a sentence."""


class Stem(NamedTuple):
    """One stem of a delivery."""

    name: str
    path: Path
    silent: bool


class Delivery(NamedTuple):
    """What an importer has to know of a finished folder."""

    folder: Path
    job: str
    song: str
    take: int
    origin_s: float | None
    """Where the bounce began on its project's time line, in seconds; None if it did not say."""
    stems: tuple[Stem, ...]


def read(folder: str | os.PathLike[str]) -> Delivery:
    """Read the delivery in `folder`; fields that are not known are passed over.

    Raises `NotReady` while the receipt or a stem is missing, `Unreadable` where the receipt is not schema 1 or names
    a file that is not beside it.
    """
    place = Path(folder)
    try:
        text = (place / RECEIPT).read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise NotReady(f"There is no finished delivery in {place}.") from None
    except (OSError, ValueError) as error:
        raise Unreadable(f"The receipt in {place} cannot be read ({error}).") from error
    try:
        delivery = _delivery(place, json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"The receipt in {place} cannot be followed ({error}).") from error
    for stem in delivery.stems:
        if not _is_there(stem.path):
            raise NotReady(f"The stem {stem.path} is not there.")
    return delivery


def colour(stem: str) -> int:
    """Return a stem's colour as 0xRRGGBB; "no_bass" has that of "bass", half way to white.

    >>> hex(colour("no_drums"))
    '0xf9d388'
    """
    if not stem.startswith("no_"):
        return COLOURS.get(stem, COLOURS["other"])
    plain = COLOURS.get(stem[3:], COLOURS["other"])
    return sum((((plain >> shift & 0xFF) + 255) // 2) << shift for shift in (16, 8, 0))


def track_name(song: str, stem: str) -> str:
    """Return the name of a stem's track that stands in no folder track."""
    return f"{song} - {stem}"


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _delivery(folder: Path, row: Any) -> Delivery:
    if row["schema"] != SCHEMA:
        raise ValueError("schema {}, known is {}: update the importer".format(row["schema"], SCHEMA))
    source = row["source"]
    rate, reference = _whole(source["sample_rate"]), _whole(source["time_reference"])
    stems = tuple(_stem(folder, stem) for stem in row["stems"])
    if not stems or rate == 0:
        raise ValueError("no stems, or no sample rate")
    return Delivery(
        folder=folder,
        job=_text(row["job"]),
        song=_text(row["song"]),
        take=_whole(row["take"]),
        origin_s=reference / rate if reference else None,
        stems=stems,
    )


def _stem(folder: Path, row: Any) -> Stem:
    name = _text(row["file"])
    if name in (".", "..") or any(char in name for char in "/\\:\0"):
        raise ValueError(f'"{name}" is not the name of a file beside it')
    return Stem(_text(row["name"]), folder / name, row.get("silent") is True)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number")
    return value
